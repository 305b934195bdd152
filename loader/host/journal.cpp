// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "loader/fd.hpp"

namespace apiguard {
namespace {

bool send_to_journal(const std::string& datagram) {
  const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, "/run/systemd/journal/socket", sizeof(address.sun_path) - 1);
  return sendto(fd.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                reinterpret_cast<const sockaddr*>(&address), sizeof(address)) >= 0;
}

}  // namespace

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

std::string datagram(Level level, std::string_view text, const Fields& fields) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string value) {
    std::replace(value.begin(), value.end(), '\n', ' ');
    out += fmt::format("{}={}\n", name, value);
  };
  add("MESSAGE", std::string(text));
  add("PRIORITY", std::to_string(static_cast<int>(level)));
  add("SYSLOG_IDENTIFIER", "apiguard");
  for (const auto& [name, value] : fields) add(name, value);
  return out;
}

void say(Level level, std::string_view text, const Fields& fields) {
  if (!on_journal() || !send_to_journal(datagram(level, text, fields)))
    say(level, "apiguard: " + std::string(text));
}

void say(Level level, std::string_view text) {
  const std::string line = marked(level, text, on_journal());
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace apiguard
