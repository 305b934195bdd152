// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A part of a test that this host cannot run: said, and noted in the file that APIGUARD_LEFT_OUT
// names, for scripts/test to compare with what this host is expected to leave out.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace apiguard::test {

// "bpf.table", as CTest calls the program "bpf_table".
inline std::string name_of_test() {
  std::FILE* file = std::fopen("/proc/self/comm", "r");
  char name[64] = "";
  if (file == nullptr) return "?";
  const bool read = std::fgets(name, sizeof(name), file) != nullptr;
  std::fclose(file);
  std::string text = read ? name : "?";
  while (text.ends_with('\n')) text.pop_back();
  if (const auto tier = text.find('_'); tier != std::string::npos) text[tier] = '.';
  return text;
}

// One short line; tests run beside each other, and O_APPEND keeps lines whole.
inline void left_out(const std::string& reason) {
  std::printf("left out: %s\n", reason.c_str());
  const char* path = std::getenv("APIGUARD_LEFT_OUT");
  if (path == nullptr || *path == '\0') return;
  std::FILE* file = std::fopen(path, "a");
  if (file == nullptr) std::abort();
  std::fprintf(file, "%s: %s\n", name_of_test().c_str(), reason.c_str());
  if (std::fclose(file) != 0) std::abort();
}

}  // namespace apiguard::test
