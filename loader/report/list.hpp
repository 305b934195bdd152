// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ranges in force.
#pragma once

#include <string>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard::report {

// A table of CIDR, kind, name, end and origin; what is left at `now` stands beside the end.
[[nodiscard]] std::string list_text(const std::vector<Range>& ranges, Timestamp now);

// {schema, ranges[]{cidr, kind, name, until, origin, connections, first_seen, last_seen},
// observed_since}. Nothing attributes connections to ranges yet: the last three and observed_since
// are null.
[[nodiscard]] std::string list_json(const std::vector<Range>& ranges);

}  // namespace apiguard::report
