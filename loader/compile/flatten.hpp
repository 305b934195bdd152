// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nested ranges -> stretches side by side: what the longest match says, from the first address of a
// family to the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "apiguard/judge.h"
#include "loader/policy/policy.hpp"

namespace apiguard {

using Cell = apiguard_cell;

// Deciding ranges or a part of them.
using RangeSpan = std::span<const Range* const>;

// Addresses as numbers, host byte order.
using Number4 = std::uint64_t;
__extension__ using Number6 = unsigned __int128;

template <typename Number>
struct Stretch {
  // its last address is the one before the next stretch
  Number first;
  // never APIGUARD_CELL_DEEPER
  Cell cell;
};

// At least one stretch; the first begins at 0; neighbours differ. `ranges` is the part of the
// deciding ranges that is of the family, in their order.
[[nodiscard]] std::vector<Stretch<Number4>> flatten4(RangeSpan ranges);
[[nodiscard]] std::vector<Stretch<Number6>> flatten6(RangeSpan ranges);

[[nodiscard]] Number4 number4(const Address& address);
[[nodiscard]] Number6 number6(const Address& address);

}  // namespace apiguard
