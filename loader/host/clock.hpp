// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include "loader/compile/image.hpp"

namespace apiguard {

// Both clocks at one moment, as `held` takes them.
[[nodiscard]] Now read_clocks(Timestamp not_before = 0);

// The wall clock is never taken as earlier than `not_before` (the time of the newest generation):
// it may have been stepped back, or not have been set yet after a boot. Pure.
[[nodiscard]] Now held(Now clocks, Timestamp not_before);

}  // namespace apiguard
