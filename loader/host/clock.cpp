// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/clock.hpp"

#include <algorithm>
#include <ctime>

namespace apiguard {
namespace {

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);  // cannot fail: both clocks exist since Linux 2.6.39
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

// Boot time first: a pause between the two makes a deadline (boot + until - wall) come early, never
// late.
Now read_clocks(Timestamp not_before) {
  Now now;
  now.boot = static_cast<std::uint64_t>(read_clock(CLOCK_BOOTTIME));
  now.wall = read_clock(CLOCK_REALTIME);
  return held(now, not_before);
}

Now held(Now clocks, Timestamp not_before) {
  clocks.wall = std::max(clocks.wall, not_before);
  return clocks;
}

}  // namespace apiguard
