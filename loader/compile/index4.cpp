// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/index.hpp"

namespace apiguard {
namespace {

using Stretches = std::vector<Stretch<Number4>>;
using Regions = std::vector<Region<Number4>>;

// Stretches that begin behind the first address of a region of 256.
std::size_t boundaries_in(const Stretches& stretches, const Region<Number4>& region) {
  std::size_t count = 0;
  for (std::size_t at = region.stretch + 1; at < stretches.size(); ++at, ++count) {
    if (stretches[at].first >= region.first + kBlockCells) break;
  }
  return count;
}

// The boundaries not in use are 0 and come first: every address is at or behind them, so that the
// cells in use are the last ones.
__u64 sparse_leaf(const Stretches& stretches, const Region<Number4>& region, std::size_t count) {
  const std::size_t unused = APIGUARD_LEAF_BOUNDARIES - count;
  __u64 leaf = 0;
  for (std::size_t i = 0; i <= count; ++i) {
    const Stretch<Number4>& stretch = stretches[region.stretch + i];
    leaf |= static_cast<__u64>(stretch.cell) << (APIGUARD_LEAF_CELLS_SHIFT + 2 * (unused + i));
    if (i > 0) leaf |= (stretch.first - region.first) << (8 * (unused + i - 1));
  }
  return leaf;
}

void add_leaf(Index4& index, const Stretches& stretches, const Region<Number4>& region) {
  const std::size_t count = boundaries_in(stretches, region);
  if (count <= APIGUARD_LEAF_BOUNDARIES) {
    index.leaves.push_back(sparse_leaf(stretches, region, count));
    return;
  }
  index.leaves.push_back(APIGUARD_LEAF_DENSE | index.dense.size());
  Regions none;  // a cell of one address is never deeper
  index.dense.push_back(fill_block(stretches, region, 0, none));
}

}  // namespace

Index4 index4(RangeSpan ranges) {
  const Stretches stretches = flatten4(ranges);
  Index4 index;
  if (stretches.size() == 1) {
    index.whole = stretches.front().cell;
    return index;
  }
  index.whole = APIGUARD_CELL_DEEPER;
  constexpr unsigned kTopCellBits = 16;
  Regions middle, last;
  index.top = fill_top<Number4>(stretches, 0, kTopCellBits, middle);
  for (const Region<Number4>& region : middle) {
    const std::size_t first = last.size();
    index.blocks.push_back(fill_block(stretches, region, kBlockBits, last));
    index.ranks.push_back(rank_of(index.blocks.back(), first));
  }
  index.leaves.reserve(last.size());
  for (const Region<Number4>& region : last) add_leaf(index, stretches, region);
  return index;
}

}  // namespace apiguard
