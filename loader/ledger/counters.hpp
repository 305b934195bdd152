// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Packets by outcome and reason.
#pragma once

#include <cstdint>

#include "apiguard/ledger.h"
#include "loader/base/result.hpp"

namespace apiguard::ledger {

// Sum over all CPUs. The descriptor is borrowed.
[[nodiscard]] Result<apiguard_counters> read_counters(int counters_fd);
// Packets that were denied, or in audit would have been.
[[nodiscard]] std::uint64_t count_denied(const apiguard_counters& counters);

}  // namespace apiguard::ledger
