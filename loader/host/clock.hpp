// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include "loader/compile/image.hpp"

namespace apiguard {

// Both clocks at one moment; the wall clock is never taken as earlier than `not_before` (the time
// of the newest generation).
[[nodiscard]] Now read_clocks(Timestamp not_before = 0);

}  // namespace apiguard
