// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "loader/fd.hpp"
#include "loader/host/outlet.hpp"
#include "loader/policy/masked.hpp"

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

// Whether a variable names it.
bool is_stderr(const char* variable) {
  const char* stream = std::getenv(variable);
  return stream != nullptr && stream == stream_name(STDERR_FILENO);
}

}  // namespace

std::string stream_name(int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return {};
  return fmt::format("{}:{}", info.st_dev, info.st_ino);
}

bool on_journal() { return is_stderr("JOURNAL_STREAM"); }

std::string marked(Level level, std::string_view text, bool journal) {
  const std::string mark = journal ? fmt::format("<{}>", static_cast<int>(level)) : std::string();
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    out += fmt::format("{}{}\n", mark, masked(text.substr(0, end)));
    if (end == std::string_view::npos || end + 1 == text.size()) return out;
    text.remove_prefix(end + 1);
  }
}

Marked read_mark(std::string_view line) {
  const bool marked =
      line.size() >= 3 && line[0] == '<' && line[2] == '>' && line[1] >= '0' && line[1] <= '7';
  if (!marked) return {Level::kInfo, std::string(line)};
  const int number =
      std::clamp(line[1] - '0', static_cast<int>(Level::kError), static_cast<int>(Level::kInfo));
  return {static_cast<Level>(number), std::string(line.substr(3))};
}

std::string datagram(Level level, std::string_view text, const Fields& fields) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string value) {
    std::replace(value.begin(), value.end(), '\n', ' ');
    out += fmt::format("{}={}\n", name, masked_line(value));
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
  outlet::put(STDERR_FILENO, marked(level, text, on_journal() || is_stderr(kMarkedStream)));
}

}  // namespace apiguard
