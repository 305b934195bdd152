// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include "loader/compile/image.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

// Content -> a map that was sized for it and that no program reads yet.

// Arrays, created with BPF_F_MMAPABLE (5.5).
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_block>& blocks);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_rank>& ranks);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<__u64>& leaves);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_node>& nodes);

// Tries. Writes all entries, by batches where the kernel has them (5.6; LPM tries 5.13), else one
// by one.
[[nodiscard]] Result<> fill(int map_fd, const std::vector<Entry<apiguard_key4>>& entries);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<Entry<apiguard_key6>>& entries);

}  // namespace apiguard::datapath
