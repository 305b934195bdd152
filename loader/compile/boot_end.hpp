// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// An end as the kernel gets it. Private to this room.
#pragma once

#include "apiguard/judge.h"
#include "loader/base/time.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// End on the boot-time clock, as apiguard/judge.h has it. What ended before the boot gets the
// earliest end that is one: past, but not 0, which is no entry at all.
[[nodiscard]] inline __u64 boot_end_of(const Range& range, const Now& now) {
  if (!range.until) return APIGUARD_WITHOUT_END;
  // In 128 bits: `until` may lie centuries away from a wall clock that is wrong.
  __extension__ using Wide = __int128;
  const Wide boot =
      Wide{nanoseconds_of(now.boot)} + nanoseconds_of(*range.until) - nanoseconds_of(now.wall);
  if (boot < static_cast<Wide>(APIGUARD_END_UNIT)) return APIGUARD_END_UNIT;
  if (boot >= static_cast<Wide>(APIGUARD_WITHOUT_END)) return APIGUARD_WITHOUT_END;
  return static_cast<__u64>(boot) & ~APIGUARD_LENGTH_MASK;
}

}  // namespace apiguard
