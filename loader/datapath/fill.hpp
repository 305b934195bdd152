// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/compile/image.hpp"

namespace apiguard::datapath {

// Content -> a map that was sized for it and that no packet meets yet.

// Arrays, created with BPF_F_MMAPABLE (5.5).
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_block>& blocks);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_rank>& ranks);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<__u64>& leaves);
[[nodiscard]] Result<> fill(int map_fd, const std::vector<apiguard_node>& nodes);

// Tries, made here: `outer_fd` is the array of maps that holds one a shard. Several shards are
// filled by as many threads as there are CPUs, each by batches where the kernel has them (5.6; LPM
// tries 5.13), else entry by entry. Returned in the order of the shards, owned by the caller.
[[nodiscard]] Result<std::vector<Fd>> fill(int outer_fd, const Shards<apiguard_key4>& shards);
[[nodiscard]] Result<std::vector<Fd>> fill(int outer_fd, const Shards<apiguard_key6>& shards);

}  // namespace apiguard::datapath
