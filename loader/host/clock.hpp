// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The clocks of the machine. The boot-time clock is the kernel's own, bpf_ktime_get_boot_ns(): in a
// time namespace CLOCK_BOOTTIME is shifted (time_namespaces(7)), which is taken off here.
#pragma once

#include <chrono>
#include <string>

#include "loader/base/result.hpp"
#include "loader/host/floor.hpp"

namespace apiguard {

// Of this boot; empty if the kernel does not say.
[[nodiscard]] std::string read_boot_id();

// Both clocks at one moment, as they stand.
[[nodiscard]] Now read_clocks();

// The same, with what tells how far they are to be believed.
[[nodiscard]] Reading read_all_clocks();

// The time that is taken now.
[[nodiscard]] inline Taken believed_time(const Floor& floor) {
  return believed_time(floor, read_all_clocks());
}

// Exit::kFailed: in a time namespace by whose offset CLOCK_BOOTTIME is shifted that cannot be told.
// Without it deadlines would come early or late. Without /proc none is assumed.
[[nodiscard]] Result<> check_boot_clock();

// ---- pure

// What /proc/self says: links ns/time and ns/time_for_children, and timens_offsets; empty: nothing.
struct TimeNamespace {
  std::string ours;
  std::string of_children;
  // of the namespace of children
  std::string offsets;
};

// How far CLOCK_BOOTTIME is ahead of the kernel's own. Exit::kFailed: it cannot be told.
[[nodiscard]] Result<std::chrono::nanoseconds> boot_offset_in(const TimeNamespace& here);

}  // namespace apiguard
