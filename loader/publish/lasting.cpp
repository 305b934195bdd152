// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/lasting.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

#include "loader/host/floor.hpp"

namespace apiguard::publish {
namespace {

// In 128 bits: a damaged record may hold any number.
__extension__ using Wide = __int128;

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
  Wide end = Wide{nanoseconds_of(now.wall)} + nanoseconds_of(found->second->end) -
             nanoseconds_of(now.boot);
  if (found->second->by_wall) end = std::min<Wide>(end, nanoseconds_of(*found->second->by_wall));
  if (end + kClockTolerance.count() >= nanoseconds_of(*range.until)) return std::nullopt;
  constexpr Wide kLeast = nanoseconds_of(Timestamp::min() + kClockTolerance);
  return timestamp_of(static_cast<std::int64_t>(std::max(end, kLeast)));
}

// Wall clock less boot-time clock, in the boot of the record, by the time that its generation was
// given. A clock that stands before that time now says that it was ahead; where it stood earlier in
// that boot is taken then. None: the clock tells nothing of how long the host was off.
std::optional<Wide> clock_then(const GenerationMeta& meta, Timestamp wall) {
  if (!meta.stamp) return std::nullopt;
  const Wide boot = nanoseconds_of(meta.stamp->now.boot);
  if (wall >= meta.time) return nanoseconds_of(meta.time) - boot;
  const auto& before = meta.stamp->before;
  if (before && nanoseconds_of(wall) >= nanoseconds_of(*before) + boot)
    return nanoseconds_of(*before);
  return std::nullopt;
}

std::optional<Timestamp> end_by_wall(std::optional<Wide> clock, BootTime end) {
  if (!clock) return std::nullopt;
  constexpr Wide kMost = nanoseconds_of(Timestamp::max());
  constexpr Wide kLeast = nanoseconds_of(Timestamp::min());
  return timestamp_of(
      static_cast<std::int64_t>(std::clamp(*clock + nanoseconds_of(end), kLeast, kMost)));
}

}  // namespace

std::vector<Lasting> lasting_now(const GenerationMeta& meta, const std::string& boot_id,
                                 Timestamp wall) {
  std::vector<Lasting> entries = meta.lasting;
  if (meta.stamp && !boot_id.empty() && meta.stamp->boot_id == boot_id) return entries;
  const BootTime written = meta.stamp ? meta.stamp->now.boot : BootTime();
  const auto clock = clock_then(meta, wall);
  for (Lasting& entry : entries) {
    entry.by_wall = end_by_wall(clock, entry.end);
    entry.end = BootTime(entry.end > written ? entry.end - written : 0s);
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

const Policy& cap_ends(const Policy& policy, const std::vector<Lasting>& entries, const Now& now,
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
