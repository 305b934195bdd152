// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/log.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "loader/base/masked.hpp"

namespace apiguard::datapath {
namespace {

constexpr std::size_t kKept = 4096;

struct Log {
  std::string kept;
  MessageSink show;
};

Log& log() {
  static Log instance;
  return instance;
}

int keep(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  std::array<char, 16384> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  if (length <= 0) return length;
  if (log().show) log().show(masked(line.data()));
  log().kept += line.data();
  if (log().kept.size() > kKept) log().kept.erase(0, log().kept.size() - kKept);
  return length;
}

}  // namespace

void bridge_library_messages() { libbpf_set_print(keep); }

void show_library_messages(MessageSink show) { log().show = std::move(show); }

std::string take_library_messages() {
  std::string taken;
  taken.swap(log().kept);
  return taken;
}

std::string library_version() { return std::string("libbpf ") + libbpf_version_string(); }

}  // namespace apiguard::datapath
