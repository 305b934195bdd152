// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an auditor asks of a list: whose entry it is, why it is there, who used it last, and when
// somebody looks at it again.
#pragma once

#include <string>
#include <vector>

#include "loader/report/list.hpp"

namespace apiguard::report {

// What is overdue at `now` first, by its date; then what has a date; then what has none. `ranges`
// stand by prefix.
void review_text(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink,
                 const View& view = {});

// {schema, ranges[]{cidr, kind, name, until, origin, why, review, overdue, connections, first_seen,
// last_seen}, observed_since}; why and review are null where there is none.
void review_json(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink);

// "3 entries: their review is overdue, ...": one warning for all of them; empty: none is.
[[nodiscard]] std::string overdue_warning(const std::vector<Range>& ranges, Timestamp now);

}  // namespace apiguard::report
