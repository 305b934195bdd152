// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// --for and --until -> the end that is written. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::publish {

// The last end that a list file can hold, on a whole second.
inline constexpr Timestamp kLatestEnd{std::chrono::seconds(9'223'372'035)};

// At most one of the two is there.
struct EndOptions {
  // --for
  std::optional<std::chrono::nanoseconds> lasts;
  // --until
  std::optional<Timestamp> until;
};

// On whole seconds and not earlier than asked for; none without either option. --for counts from
// `asked`: a question may wait for its answer until `now`, and what was shown stays true. Both are
// times of publish::clocks(). Exit::kUsage: past, or later than kLatestEnd.
[[nodiscard]] Result<std::optional<Timestamp>> end_of(const EndOptions& options, Timestamp asked,
                                                      Timestamp now);

}  // namespace apiguard::publish
