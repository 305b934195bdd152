// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One store into the map of a confirmation.
#pragma once

#include <cstdint>

#include "loader/base/result.hpp"

namespace apiguard::datapath {

// `deadline`: boot-time clock, nanoseconds; 0: confirmed. The descriptor is borrowed.
[[nodiscard]] Result<> store_deadline(int confirmation_fd, std::uint64_t deadline);

}  // namespace apiguard::datapath
