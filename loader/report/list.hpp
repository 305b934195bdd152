// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ranges in force, written as they are shown: a million of them never stand in memory as text.
#pragma once

#include <optional>

#include "loader/host/used.hpp"
#include "loader/policy/policy.hpp"
#include "loader/report/sink.hpp"

namespace apiguard::report {

struct ListUse {
  const UsedState* state = nullptr;  // null: which range was used is not known
  std::optional<Timestamp> observed_since;
};

// A table of CIDR, kind, name, end, connections, the last of them and origin; what is left at `now`
// stands beside the end. `ranges` stand by prefix.
void list_text(const RangeRefs& ranges, const ListUse& use, Timestamp now, const Sink& sink);

// {schema, ranges[]{cidr, kind, name, until, origin, connections, first_seen, last_seen},
// observed_since}, as dump() shows it and a newline. A lapsing line has `lapsing`, which is true,
// and as its origin the file that it vanished from. Connections of ranges that admit nobody, and
// of all of them where they are not known, are null.
void list_json(const RangeRefs& ranges, const ListUse& use, const Sink& sink);

}  // namespace apiguard::report
