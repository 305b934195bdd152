// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The notification protocol of systemd, sd_notify(3): one datagram a message.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace apiguard::service {

// To the socket that NOTIFY_SOCKET names; without one nothing is done. Never waits: what has no
// room goes with notify_again(), but for a state that a newer one has replaced by then; that and
// what a watchdog was to hear is dropped and counted.
void notify(const std::string& message);
// What is still to be told, in its order; to be called now and then.
void notify_again();

// Messages that wait for room: of each kind ("READY", "STATUS", ...) the newest, in the order they
// were told. Pure.
class Untold {
 public:
  // False: it is dropped itself, or another in its place.
  bool keep(const std::string& message);
  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] const std::string& front() const { return messages_.front(); }
  void told() { messages_.erase(messages_.begin()); }

 private:
  std::vector<std::string> messages_;
};

// "RELOADING=1" with the time it began (CLOCK_MONOTONIC, microseconds), without which a manager may
// take an earlier READY=1 for its end.
[[nodiscard]] std::string reloading(std::chrono::microseconds now);
// "STATUS=TEXT", on one line.
[[nodiscard]] std::string status(std::string text);

// Half of WATCHDOG_USEC, if that is meant for this process.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval();
// The same of the two variables and our process id; null: not set. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval(const char* microseconds,
                                                                         const char* whose,
                                                                         int our_pid);

}  // namespace apiguard::service
