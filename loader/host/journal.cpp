// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/journal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace apiguard {

bool on_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  if (stream == nullptr) return false;
  struct stat info {};
  if (fstat(STDERR_FILENO, &info) != 0) return false;
  return fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

std::string marked(Level level, std::string_view text, bool journal) {
  const std::string mark = journal ? fmt::format("<{}>", static_cast<int>(level)) : std::string();
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    out += fmt::format("{}{}\n", mark, text.substr(0, end));
    if (end == std::string_view::npos || end + 1 == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

void say(Level level, std::string_view text) {
  const std::string line = marked(level, text, on_journal());
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace apiguard
