// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Spans of time in an operator's words. Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "loader/base/result.hpp"

namespace apiguard {

// "90s", "30m", "2h", "1d12h": whole numbers with the units d, h, m and s, from
// large to small, each at most once. Never 0. Errors are Exit::kUsage and read "duration 'TEXT':
// reason".
[[nodiscard]] Result<std::chrono::nanoseconds> parse_duration(std::string_view text);

// The same, of a length that [leases] and `#lapse` take: 1m to 30d.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_span(std::string_view text);

// What parse_duration() reads back: "48h", "3d", "2d1h30m". Hours up to two days; whole seconds.
[[nodiscard]] std::string format_duration(std::chrono::nanoseconds duration);

// "3 d 4 h", "1 h 59 min", "5 min", "12 s": what is smaller than shown is cut off.
[[nodiscard]] std::string show_duration(std::chrono::seconds duration);

}  // namespace apiguard
