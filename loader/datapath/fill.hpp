// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include "loader/compile/image.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

// Writes all entries, by batches where the kernel has them (5.6; LPM tries 5.13), else one by one.
[[nodiscard]] Result<> fill(int map_fd, const std::vector<Entry<apiguard_key4>>& entries);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<Entry<apiguard_key6>>& entries);

}  // namespace apiguard::datapath
