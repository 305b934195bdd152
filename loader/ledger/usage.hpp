// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which range admitted how many connections: what the kernel counts in this boot and what the state
// directory keeps, put together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/ledger/usage_log.hpp"

namespace apiguard::ledger {

struct UsageRead {
  // as of now
  UsageLog log;
  // boot id that the file held before
  std::string saved_boot;
  // generation that the file held before
  std::uint64_t saved_generation = 0;
  // a file that is damaged: it starts over
  std::vector<std::string> warnings;
  // Maps of the kernel that cannot be read, and why: connections are missing in the log, or only as
  // of the last time it was saved.
  std::vector<std::string> unread;
};

// What can be read of it; writes nothing.
[[nodiscard]] UsageRead read_usage(const Host& host, const Now& now);

// Brings the file to what the kernel says now, and that of the sources that an audit saw. Needs the
// lock. Returns warnings: what is damaged begins anew. Exit::kFailed: a file cannot be written.
[[nodiscard]] Result<std::vector<std::string>> save_usage(const Host& host, const Now& now);

// The same, and what is observed begins now: an interface was not guarded for a while. Needs the
// lock.
[[nodiscard]] Result<> note_gap(const Host& host, const Now& now);

// What a publish changes. `before` and `after`: the deciding ranges.
struct ListChange {
  Observed observed;
  RangeRefs before;
  RangeRefs after;
};
// After the publish: since when what is observed, and which entries of ranges that are gone are
// kept, for 30 days if there is room. Warnings and errors as save_usage().
[[nodiscard]] Result<std::vector<std::string>> save_change(const Host& host, const Now& now,
                                                           UsageRead read,
                                                           const ListChange& change);

}  // namespace apiguard::ledger
