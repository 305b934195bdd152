// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Moments and spans of time, and the clocks of a moment. Integers become times, and times integers,
// only here: where files, JSON and the kernel begin.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace apiguard {

using namespace std::chrono_literals;

// Wall-clock instant.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

// CLOCK_BOOTTIME: counts from the boot on. host/clock.hpp reads it.
struct BootClock {};
// Boot-time instant. Before the epoch: before the boot.
using BootTime = std::chrono::time_point<BootClock, std::chrono::nanoseconds>;

// Nanoseconds since 1970-01-01T00:00:00Z.
[[nodiscard]] constexpr Timestamp timestamp_of(std::int64_t nanoseconds) {
  return Timestamp(std::chrono::nanoseconds(nanoseconds));
}
[[nodiscard]] constexpr std::int64_t nanoseconds_of(Timestamp time) {
  return time.time_since_epoch().count();
}

// Nanoseconds as bpf_ktime_get_boot_ns() counts them. A damaged file may hold any number: what is
// later than can be counted is as late as can be.
[[nodiscard]] constexpr BootTime boot_time_of(std::uint64_t nanoseconds) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count());
  return BootTime(std::chrono::nanoseconds(nanoseconds < kMost ? nanoseconds : kMost));
}
// Modulo 2^64 where it is before the boot.
[[nodiscard]] constexpr std::uint64_t nanoseconds_of(BootTime time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// The two clocks read at the same moment, so that wall-clock ends become boot-time deadlines.
struct Now {
  Timestamp wall;
  BootTime boot;
};

// The same, and the boot that it is of. What is counted by the boot-time clock holds in it alone.
struct Moment {
  Now now;
  // empty: the kernel does not say
  std::string boot_id;
  // The wall clock may be wrong: what has ended by it may not have.
  bool doubtful = false;
};

}  // namespace apiguard
