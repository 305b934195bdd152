// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ranges in force, written as they are shown: a million of them never stand in memory as text.
#pragma once

#include "loader/policy/policy.hpp"
#include "loader/report/sink.hpp"

namespace apiguard::report {

// A table of CIDR, kind, name, end and origin; what is left at `now` stands beside the end.
void list_text(const RangeRefs& ranges, Timestamp now, const Sink& sink);

// {schema, ranges[]{cidr, kind, name, until, origin, connections, first_seen, last_seen},
// observed_since}, as dump() shows it and a newline. Nothing attributes connections to ranges yet:
// the last three and observed_since are null.
void list_json(const RangeRefs& ranges, const Sink& sink);

}  // namespace apiguard::report
