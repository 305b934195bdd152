// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ranges -> verdict index: the content of its maps, layouts in apiguard/judge.h. The index says
// exactly what the longest match says, and "ask the trie" (APIGUARD_CELL_ASK_TRIE) where a range
// ends.
#pragma once

#include <vector>

#include "loader/compile/blocks.hpp"

namespace apiguard {

// 16 bits, 8 bits, then a leaf for the last 8.
struct Index4 {
  // of every address; deeper: see the top
  Cell whole = APIGUARD_CELL_UNLISTED;
  apiguard_top top{};
  std::vector<apiguard_block> blocks;
  // one a block
  std::vector<apiguard_rank> ranks;
  std::vector<__u64> leaves;
  std::vector<apiguard_block> dense;
};

// The bits that all ranges share, 16 bits, then a search tree over 63 bits, and where a range is
// longer than that, another over the rest.
struct Index6 {
  Cell whole = APIGUARD_CELL_UNLISTED;
  // of addresses without the shared bits
  Cell outside = APIGUARD_CELL_UNLISTED;
  // upper half of an address, host byte order
  __u64 shared = 0;
  // bits, at most APIGUARD_MAX_SHARED6
  unsigned shared_len = 0;
  apiguard_top top{};
  std::vector<apiguard_node> nodes;
};

// `ranges`: deciding ranges of one family, in their order.
[[nodiscard]] Index4 index4(RangeSpan ranges);
[[nodiscard]] Index6 index6(RangeSpan ranges);

}  // namespace apiguard
