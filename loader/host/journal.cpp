// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/journal.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <fmt/format.h>

#include "loader/base/fd.hpp"
#include "loader/base/masked.hpp"
#include "loader/host/outlet.hpp"

namespace apiguard {
namespace {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr const char* kSyslogSocket = "/dev/log";
constexpr int kFacility = 10;  // LOG_AUTHPRIV
// Of one value; a whole entry has to fit into a socket's buffer.
constexpr std::size_t kLongestValue = 4096;

// The errno; 0: it is sent.
int send_to(const char* path, const std::string& datagram) {
  const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
  const ssize_t sent =
      sendto(fd.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  return sent >= 0 ? 0 : errno;
}

bool send_to_journal(const std::string& datagram) { return send_to(kJournalSocket, datagram) == 0; }

// Nobody is behind the socket, or nobody of that kind.
bool is_nobody(int error) {
  return error == ENOENT || error == ENOTDIR || error == ECONNREFUSED || error == EPROTOTYPE ||
         error == EACCES;
}

void add_field(std::string& entry, std::string_view name, std::string_view text) {
  const std::string value = masked(text.substr(0, kLongestValue));
  if (value.find('\n') == std::string::npos) {
    entry += fmt::format("{}={}\n", name, value);
    return;
  }
  entry += fmt::format("{}\n", name);
  for (unsigned shift = 0; shift < 64; shift += 8)  // the size, little-endian
    entry += static_cast<char>((std::uint64_t{value.size()} >> shift) & 0xff);
  entry += value + "\n";
}

std::string time_of_syslog() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::array<char, 32> text{};
  if (localtime_r(&now, &parts) == nullptr) return {};
  return {text.data(), std::strftime(text.data(), text.size(), "%b %e %H:%M:%S", &parts)};
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

std::string log_entry(Level level, std::string_view text, const Fields& fields) {
  std::string entry;
  add_field(entry, "MESSAGE", text);
  add_field(entry, "PRIORITY", std::to_string(static_cast<int>(level)));
  add_field(entry, "SYSLOG_IDENTIFIER", "apiguard");
  add_field(entry, "SYSLOG_FACILITY", std::to_string(kFacility));
  for (const auto& [name, value] : fields) add_field(entry, name, value);
  return entry;
}

std::string syslog_line(Level level, std::string_view text, std::string_view time, int pid) {
  std::string line(text.substr(0, kLongestValue));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return fmt::format("<{}>{} apiguard[{}]: {}", kFacility * 8 + static_cast<int>(level), time, pid,
                     masked_line(line));
}

Delivery write_log(Level level, std::string_view text, const Fields& fields) {
  const int journal = send_to(kJournalSocket, log_entry(level, text, fields));
  if (journal == 0) return Delivery::kDelivered;
  const int syslog = send_to(
      kSyslogSocket, syslog_line(level, text, time_of_syslog(), static_cast<int>(getpid())));
  if (syslog == 0) return Delivery::kDelivered;
  return is_nobody(journal) && is_nobody(syslog) ? Delivery::kNobody : Delivery::kLost;
}

void say(Level level, std::string_view text, const Fields& fields) {
  if (!on_journal() || !send_to_journal(datagram(level, text, fields)))
    say(level, "apiguard: " + std::string(text));
}

void say(Level level, std::string_view text) {
  outlet::put(STDERR_FILENO, marked(level, text, on_journal() || is_stderr(kMarkedStream)));
}

}  // namespace apiguard
