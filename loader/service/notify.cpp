// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/fd.hpp"
#include "loader/base/number.hpp"
#include "loader/host/outlet.hpp"

namespace apiguard::service {
namespace {

std::optional<std::uint64_t> number_in(const char* text) {
  return text == nullptr ? std::nullopt : parse_whole<std::uint64_t>(text);
}

// A path, or a name in the abstract namespace: "@NAME". True also where nobody listens, or ever
// will.
bool send_to_manager(const std::string& message) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length == 0 || length >= sizeof(address.sun_path)) return true;
  std::memcpy(address.sun_path, path, length);
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  return sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                reinterpret_cast<const sockaddr*>(&address), size) >= 0 ||
         (errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS && errno != ENOMEM);
}

Untold& untold() {
  static Untold one;
  return one;
}

std::string_view kind_of(std::string_view message) { return message.substr(0, message.find('=')); }

}  // namespace

bool Untold::keep(const std::string& message) {
  if (kind_of(message) == "WATCHDOG") return false;
  const bool replaced = std::erase_if(messages_, [&](const std::string& one) {
                          return kind_of(one) == kind_of(message);
                        }) != 0;
  messages_.push_back(message);
  return !replaced;
}

void notify(const std::string& message) {
  notify_again();
  if (untold().empty() && send_to_manager(message)) return;
  if (!untold().keep(message)) outlet::count_dropped();
}

void notify_again() {
  while (!untold().empty() && send_to_manager(untold().front())) untold().told();
}

std::string reloading(std::chrono::microseconds now) {
  return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count());
}

std::string status(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "STATUS=" + text;
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
  return watchdog_interval(std::getenv("WATCHDOG_USEC"), std::getenv("WATCHDOG_PID"), getpid());
}

std::optional<std::chrono::milliseconds> watchdog_interval(const char* microseconds,
                                                           const char* whose, int our_pid) {
  const auto time = number_in(microseconds);
  if (!time || *time < 2000) return std::nullopt;
  if (whose != nullptr && number_in(whose) != static_cast<std::uint64_t>(our_pid))
    return std::nullopt;
  return std::chrono::milliseconds(*time / 2000);
}

}  // namespace apiguard::service
