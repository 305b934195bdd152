// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The ranges in force, written as they are shown: a million of them never stand in memory as text.
#pragma once

#include <optional>
#include <vector>

#include "loader/ledger/usage_log.hpp"
#include "loader/policy/book.hpp"
#include "loader/policy/policy.hpp"
#include "loader/report/sink.hpp"
#include "loader/report/view.hpp"

namespace apiguard::report {

// A bar of the book, and its end by the wall clock.
struct BarLine {
  Bar bar;
  Timestamp until{};
};

struct ListUsage {
  // null: which range was used is not known
  const ledger::UsageLog* log = nullptr;
  std::optional<Timestamp> observed_since;
};

// How many connections each range has admitted: both are sorted by prefix, so nothing is searched.
class UsageColumn {
 public:
  explicit UsageColumn(const ledger::UsageLog* state) : state_(state) {}

  // Ranges in their order. None: not known, or it can admit none.
  [[nodiscard]] std::optional<ledger::Usage> at(const Range& range);

 private:
  const ledger::UsageLog* state_;
  std::size_t next_ = 0;
};

// A table of CIDR, kind, name, end, connections, the last of them and origin; what is left at `now`
// stands beside the end. Why and review where some entry says them. `ranges` stand by prefix.
void list_text(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink,
               const View& view = {});

// What no lease is given to: a table of CIDR, name, end and who said so. Nothing where there is no
// bar.
void bars_text(const std::vector<BarLine>& bars, Timestamp now, const Sink& sink,
               const View& view = {});

// {schema, ranges[]{cidr, kind, name, until, origin, connections, first_seen, last_seen},
// observed_since, bars[]{cidr, name, until, by}}, as dump() shows it and a newline. A lapsing line
// has `lapsing`, which is true, one with a remark `why` and `review`, and as its origin the file
// that it vanished from. Connections of ranges that admit nobody, and of all of them where they are
// not known, are null.
void list_json(const RangeRefs& ranges, const ListUsage& use, const std::vector<BarLine>& bars,
               const Sink& sink);

}  // namespace apiguard::report
