// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One store into the map of a confirmation.
#pragma once

#include <optional>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"

namespace apiguard::datapath {

// `deadline`: none: confirmed. The descriptor is borrowed.
[[nodiscard]] Result<> store_deadline(int confirmation_fd, std::optional<BootTime> deadline);

}  // namespace apiguard::datapath
