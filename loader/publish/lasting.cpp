// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/lasting.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <tuple>

#include "loader/host/floor.hpp"

namespace apiguard::publish {
namespace {

using Key = std::tuple<Prefix, Kind, Timestamp>;
using Ends = std::map<Key, const Lasting*>;

Key key_of(const Lasting& entry) { return {entry.prefix, entry.kind, entry.until}; }

Ends index(const std::vector<Lasting>& entries) {
  Ends ends;
  for (const Lasting& entry : entries) ends[key_of(entry)] = &entry;
  return ends;
}

// The end by the wall clock, if it is earlier than the line's.
std::optional<Timestamp> earlier_end(const Range& range, const Ends& ends, const Now& now) {
  if (!range.until) return std::nullopt;
  const auto found = ends.find({range.prefix, range.kind, *range.until});
  if (found == ends.end()) return std::nullopt;
  // In 128 bits: a damaged record may hold any number.
  __extension__ using Wide = __int128;
  Wide end = static_cast<Wide>(now.wall) + found->second->end - now.boot;
  if (found->second->by_wall) end = std::min<Wide>(end, *found->second->by_wall);
  if (end + kClockTolerance >= *range.until) return std::nullopt;
  return static_cast<Timestamp>(
      std::max<Wide>(end, std::numeric_limits<Timestamp>::min() + kClockTolerance));
}

// Of two clocks of that boot more than a day apart, the one behind: the other was a spike.
Timestamp end_by_wall(const Stamp& stamp, std::uint64_t end) {
  __extension__ using Wide = __int128;
  const Timestamp clock = stamp.before ? *stamp.before : clock_offset(stamp.now);
  constexpr Wide kMost = std::numeric_limits<Timestamp>::max();
  return static_cast<Timestamp>(std::min(static_cast<Wide>(clock) + end, kMost));
}

}  // namespace

std::vector<Lasting> lasting_now(const GenerationMeta& meta, const std::string& boot_id) {
  std::vector<Lasting> entries = meta.lasting;
  if (meta.stamp && !boot_id.empty() && meta.stamp->boot_id == boot_id) return entries;
  const std::uint64_t written = meta.stamp ? meta.stamp->now.boot : 0;
  for (Lasting& entry : entries) {
    if (meta.stamp) entry.by_wall = end_by_wall(*meta.stamp, entry.end);
    entry.end = entry.end > written ? entry.end - written : 0;
  }
  return entries;
}

std::vector<Lasting> keep_lasting(const std::vector<Lasting>& entries, const Policy& policy) {
  Ends ends = index(entries);
  std::vector<Lasting> kept;
  if (ends.empty()) return kept;
  for (const Range& range : policy.ranges) {
    if (!range.until) continue;
    const auto found = ends.find({range.prefix, range.kind, *range.until});
    if (found == ends.end()) continue;
    Lasting entry = *found->second;
    // What is written is by the boot-time clock alone: the wall clock of now may be wrong.
    entry.by_wall.reset();
    kept.push_back(entry);
    ends.erase(found);
  }
  return kept;
}

const Policy& limit(const Policy& policy, const std::vector<Lasting>& entries, const Now& now,
                    std::optional<Policy>& limited) {
  const Ends ends = index(entries);
  for (std::size_t i = 0; !ends.empty() && i < policy.ranges.size(); ++i) {
    const auto end = earlier_end(policy.ranges[i], ends, now);
    if (!end) continue;
    if (!limited) limited = policy;
    limited->ranges[i].until = end;
  }
  return limited ? *limited : policy;
}

}  // namespace apiguard::publish
