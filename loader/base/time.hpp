// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Moments and spans of time, in nanoseconds, and the clocks of a moment.
#pragma once

#include <cstdint>
#include <string>

namespace apiguard {

// Wall-clock instant, nanoseconds since 1970-01-01T00:00:00Z.
using Timestamp = std::int64_t;

inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1000 * kMillisecond;
inline constexpr std::int64_t kMinute = 60 * kSecond;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

// The two clocks read at the same moment, so that wall-clock ends become boot-time deadlines.
struct Now {
  Timestamp wall = 0;      // nanoseconds since 1970
  std::uint64_t boot = 0;  // CLOCK_BOOTTIME, nanoseconds
};

// The same, and the boot that it is of. What is counted by the boot-time clock holds in it alone.
struct Moment {
  Now now;
  std::string boot_id;  // empty: the kernel does not say
  // The wall clock may be wrong: what has ended by it may not have.
  bool doubtful = false;
};

}  // namespace apiguard
