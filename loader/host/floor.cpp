// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/floor.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// 2024-01-01, before the first version of this program. A clock that stands earlier was never set,
// so that it says nothing about others.
constexpr Timestamp kNeverSet = std::chrono::sys_days(std::chrono::January / 1 / 2024);

// A damaged record may hold any time.
Timestamp add(Timestamp time, nanoseconds span) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(nanoseconds_of(time), span.count(), &sum)) return timestamp_of(sum);
  return span > 0s ? Timestamp::max() : Timestamp::min();
}

nanoseconds elapsed(BootTime from, BootTime to) { return from >= to ? 0ns : to - from; }

bool is_of(const std::optional<Stamp>& stamp, const Reading& reading) {
  return stamp && !reading.boot_id.empty() && stamp->boot_id == reading.boot_id;
}

// The time of a generation, gone on until now. After a boot at least the time since that boot has
// passed.
Timestamp gone_on(const Written& written, const Reading& reading) {
  const BootTime from = is_of(written.stamp, reading) ? written.stamp->now.boot : BootTime();
  return add(written.time, elapsed(from, reading.now.boot));
}

// Whether a clock that stood `at` one offset was more than a day behind one at the `other`, and had
// been set at all; `boot`: when it stood so.
bool stood_behind(Timestamp at, Timestamp other, BootTime boot) {
  return add(at, 24h) < other && add(at, elapsed(BootTime(), boot)) >= kNeverSet;
}

// Whether the clock stood more than a day behind that of `index`, later in this boot or now.
bool came_back(const Floor& floor, std::size_t index, const Reading& reading) {
  const Timestamp ahead = clock_offset(floor.generations[index].stamp->now);
  if (stood_behind(clock_offset(reading.now), ahead, reading.now.boot)) return true;
  for (std::size_t i = index + 1; i < floor.generations.size(); ++i) {
    const auto& later = floor.generations[i].stamp;
    if (is_of(later, reading) && stood_behind(clock_offset(later->now), ahead, later->now.boot))
      return true;
  }
  return false;
}

bool is_floor(const Floor& floor, std::size_t index, const Reading& reading) {
  const Written& written = floor.generations[index];
  if (reading.synchronised && gone_on(written, reading) > add(reading.now.wall, 24h)) return false;
  const bool was_spike =
      is_of(written.stamp, reading) && written.stamp->before && came_back(floor, index, reading);
  return !was_spike;
}

// The newest generation that is a floor. Those before it are none: where they are later, they were
// found wrong when it was written.
const Written* newest_floor(const Floor& floor, const Reading& reading) {
  for (std::size_t i = floor.generations.size(); i-- > 0;) {
    if (is_floor(floor, i, reading)) return &floor.generations[i];
    if (floor.generations[i].trusted) return nullptr;
  }
  return nullptr;
}

// The last clock of this boot that stood more than a day behind the one that is read.
std::optional<Timestamp> clock_before(const Floor& floor, const Reading& reading) {
  const Timestamp now = clock_offset(reading.now);
  if (floor.in_force && stood_behind(*floor.in_force, now, reading.now.boot)) return floor.in_force;
  for (std::size_t i = floor.generations.size(); i-- > 0;) {
    const Written& written = floor.generations[i];
    if (is_of(written.stamp, reading)) {
      const BootTime boot = written.stamp->now.boot;
      const Timestamp stood = clock_offset(written.stamp->now);
      if (stood_behind(stood, now, boot)) return stood;
      const auto& before = written.stamp->before;
      if (before && stood_behind(*before, now, boot)) return before;
    }
    if (written.trusted) break;
  }
  return std::nullopt;
}

// Whether the clock stands more than a day ahead of where the boot before this one left it. A host
// may have been off for so long; or its clock was wrong from the start, and then nothing of this
// boot says so.
bool ahead_of_last_boot(const Floor& floor, const Reading& reading) {
  const Timestamp now = clock_offset(reading.now);
  for (std::size_t i = floor.generations.size(); i-- > 0;) {
    const Written& written = floor.generations[i];
    if (is_of(written.stamp, reading) && !written.trusted) continue;
    return !written.trusted && stood_behind(written.time, now, reading.now.boot);
  }
  return false;
}

bool of_one_boot(const Written& a, const Written& b) {
  return a.stamp && b.stamp && !a.stamp->boot_id.empty() && a.stamp->boot_id == b.stamp->boot_id;
}

bool is_later(const Written& written, const Written& other) {
  if (of_one_boot(written, other)) return written.stamp->now.boot > other.stamp->now.boot;
  return written.time > other.time;
}

// Within a day of one another.
bool by_one_clock(const Written& a, const Written& b) {
  if (!of_one_boot(a, b)) return false;
  const Timestamp first = clock_offset(a.stamp->now);
  const Timestamp second = clock_offset(b.stamp->now);
  return add(first, 24h) >= second && add(second, 24h) >= first;
}

}  // namespace

void insert(Floor& floor, Written written) {
  auto at = floor.generations.end();
  while (at != floor.generations.begin() && is_later(*std::prev(at), written)) --at;
  floor.generations.insert(at, std::move(written));
}

std::vector<Written> with_latest(std::vector<Written> known, Written latest) {
  constexpr std::size_t kMost = 8;
  const auto same = std::find_if(known.begin(), known.end(),
                                 [&](const Written& one) { return by_one_clock(one, latest); });
  known.erase(same, known.end());
  if (known.size() == kMost) known.erase(known.begin() + 1);
  known.push_back(std::move(latest));
  return known;
}

Timestamp clock_offset(const Now& now) { return add(now.wall, -elapsed(BootTime(), now.boot)); }

bool clock_was_set(Timestamp before, Timestamp now) {
  return add(before, kClockTolerance) < now || add(now, kClockTolerance) < before;
}

Taken believed_time(const Floor& floor, const Reading& reading) {
  Taken taken;
  taken.now = reading.now;
  taken.clock = reading.now.wall;
  taken.jumped =
      !reading.synchronised && (clock_before(floor, reading) || ahead_of_last_boot(floor, reading));
  const Written* written = newest_floor(floor, reading);
  if (written == nullptr) return taken;
  const Timestamp least = gone_on(*written, reading);
  if (least <= reading.now.wall) return taken;
  taken.now.wall = least;
  taken.since = written->generation;
  return taken;
}

Stamp stamp(const Floor& floor, const Reading& reading) {
  return {reading.now, reading.boot_id, clock_before(floor, reading)};
}

std::string describe(const Taken& taken) {
  if (!taken.is_held()) return "";
  const std::string holder =
      taken.since == 0 ? "the book of leases" : fmt::format("generation {}", taken.since);
  const auto shown = [](Timestamp time) {
    return format_timestamp(std::chrono::floor<seconds>(time));
  };
  return fmt::format(
      "clock '{}': is {} behind the time of {}: ranges expire as if it were {}, and expired lines "
      "stay in the files; set the clock, or, if it is right now: apiguard apply --trust-clock",
      shown(taken.clock),
      show_duration(std::chrono::duration_cast<seconds>(taken.now.wall - taken.clock)), holder,
      shown(taken.now.wall));
}

}  // namespace apiguard
