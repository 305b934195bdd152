// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Moments as text: RFC 3339. Pure.
#pragma once

#include <string>
#include <string_view>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"

namespace apiguard {

// With Z or an offset, and optional fractions. Exit::kUsage: "time 'TEXT': reason".
[[nodiscard]] Result<Timestamp> parse_timestamp(std::string_view text);
// In UTC, with a fraction only if it is not zero.
[[nodiscard]] std::string format_timestamp(Timestamp time);
// The day of it: YYYY-MM-DD.
[[nodiscard]] std::string format_date(Timestamp day);

}  // namespace apiguard
