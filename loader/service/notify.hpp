// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The notification protocol of systemd, sd_notify(3): one datagram a message.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace apiguard::service {

// To the socket that NOTIFY_SOCKET names; without one nothing is done. What cannot be sent is lost:
// nothing here depends on it.
void notify(const std::string& message);

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
