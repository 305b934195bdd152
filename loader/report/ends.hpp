// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ends of ranges and when they were used, for people.
#pragma once

#include <string>

#include "loader/policy/policy.hpp"

namespace apiguard::report {

// How much of a time a table has room for.
enum class Times {
  // the time, and how far away it is
  kWhole,
  // how far away it is, in its largest unit: "in 1 h", "3 d ago"
  kRelative
};

// "2026-12-01T08:00:00Z (in 1 h 59 min)", "... (lapsing, in 23 h 5 min)", "... (ended 5 min ago)";
// empty for what is permanent.
[[nodiscard]] std::string end_text(const Range& range, Timestamp now, Times times = Times::kWhole);

// "2026-12-01T08:00:00Z (5 min ago)".
[[nodiscard]] std::string seen_text(Timestamp seen, Timestamp now, Times times = Times::kWhole);

}  // namespace apiguard::report
