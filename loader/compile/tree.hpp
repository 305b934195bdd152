// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A sorted list of places where the cell changes -> a static search tree of apiguard_node.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "loader/compile/flatten.hpp"

namespace apiguard {

struct Step {
  // from here to the key of the next step; at most APIGUARD_KEY_MASK
  __u64 key;
  Cell cell;
  // of a deeper cell: the stretch that holds its first address
  std::size_t stretch;
};

// A deeper cell of a tree, and the node that is kept free for the root of what it holds.
struct OpenSlot {
  std::size_t node;
  __u64 key;
  std::size_t stretch;
};

// Writes the tree of `steps` (one or more, keys ascending) with its root at nodes[root] and all
// else behind the last node. The key of the first step is of no account: nothing lies before it.
[[nodiscard]] std::vector<OpenSlot> build_tree(std::vector<apiguard_node>& nodes, std::size_t root,
                                               std::span<const Step> steps);

}  // namespace apiguard
