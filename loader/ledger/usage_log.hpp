// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which range admitted how many connections, kept across boots: the kernel's map begins anew with
// each. STATE/used, one value a line, times in nanoseconds since 1970:
//
//   apiguard used 1
//   boot 0c7a...-...                  of the kernel that part CURRENT belongs to
//   clock 1764000000000000000         wall clock less boot-time clock, when it was written
//   generation 17                     in force then
//   observed 1764000000000000000      left out: nothing is
//   missed 1764000000000000000        when a connection found no room last; left out: never
//   added 1764000000000000000         the ranges that follow were added then
//   203.0.113.0/24
//   used                              CIDR, connections, first, last: EARLIER, then CURRENT
//   203.0.113.0/24 12 1763... 1763... 3 1764... 1764...
//   end
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/range_hits.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::ledger {

// Connections over some time. Wall clock; without connections the moments say nothing.
struct Usage {
  std::uint64_t connections = 0;
  Timestamp first{};
  Timestamp last{};

  friend bool operator==(const Usage&, const Usage&) = default;
};
[[nodiscard]] Usage operator+(const Usage& a, const Usage& b);

struct RangeUsage {
  Prefix prefix;
  // what the kernel's map does not know (any more)
  Usage earlier;
  // what it says
  Usage current;

  [[nodiscard]] Usage total() const { return earlier + current; }
  friend bool operator==(const RangeUsage&, const RangeUsage&) = default;
};

struct AddedRange {
  Prefix prefix;
  Timestamp since{};

  friend bool operator==(const AddedRange&, const AddedRange&) = default;
};

struct UsageLog {
  // boot id
  std::string boot;
  // wall clock less boot-time clock
  Timestamp clock{};
  std::uint64_t generation = 0;
  // since when every packet has been judged; none: they are not
  std::optional<Timestamp> observed;
  std::optional<Timestamp> missed;
  // by prefix: the ranges observed for less
  std::vector<AddedRange> added;
  // by prefix
  std::vector<RangeUsage> ranges;

  friend bool operator==(const UsageLog&, const UsageLog&) = default;
};

// Text and back. Errors read "line 7: reason".
[[nodiscard]] std::string show_usage_log(const UsageLog& state);
[[nodiscard]] Result<UsageLog> parse_usage_log(const std::string& text);

// A state directory without the file has an empty state. Exit::kFailed: damaged, or not to be read.
[[nodiscard]] Result<UsageLog> read_usage_log(const std::string& state_dir);
// Replaces it as a whole, as write_expendable_file() does. Needs the lock.
[[nodiscard]] Result<std::string> write_usage_log(const std::string& state_dir,
                                                  const UsageLog& state);

// ---- pure

// Brings the state to what the kernel's map says now. What it said before and says no more, because
// there was a boot or the map is another one, is earlier from now on.
void fold(UsageLog& state, const std::string& boot, const Hits& uses, const Now& now);

// The entry of a range; null if it never was used. For many ranges walk both in order.
[[nodiscard]] const RangeUsage* find_usage(const UsageLog& state, const Prefix& prefix);

// What a publish changes about what is observed; at `at`.
struct Observed {
  std::uint64_t generation = 0;
  // false: mode off
  bool judged = true;
  // until now some packets were not
  bool gap = false;
};
// `before` and `after` are the deciding ranges; those that admit nobody do not count.
void observe(UsageLog& state, const Observed& change, const RangeRefs& before,
             const RangeRefs& after, Timestamp at);

// Forgets ranges that are not among `ranges` and have not been used since `oldest`.
void forget(UsageLog& state, const RangeRefs& ranges, Timestamp oldest);

// Those that have been observed for longer than since `since` and admitted no connection after it.
[[nodiscard]] RangeRefs unused_since(const UsageLog& state, const RangeRefs& ranges,
                                     Timestamp since);

}  // namespace apiguard::ledger
