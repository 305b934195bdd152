// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the filter is meant to cost at most, nanoseconds over an empty program.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace apiguard::bench {

// For `sources` of a micro cell: "unlisted", "listed", "chosen", "other port".
[[nodiscard]] std::optional<double> limit_of(const std::string& family, const std::string& sources,
                                             std::size_t ranges);

inline constexpr double kTagLimit = 1;  // one VLAN tag more than none

// How many times cheaper than the plain LPM filter it is meant to be at least.
[[nodiscard]] std::optional<double> ratio_limit(const std::string& family,
                                                const std::string& sources, std::size_t ranges);

}  // namespace apiguard::bench
