// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stretches -> blocks of 256 cells, the levels that both families have in common.
#pragma once

#include <bit>
#include <cstddef>
#include <vector>

#include "loader/compile/flatten.hpp"

namespace apiguard {

inline constexpr unsigned kBlockCells = 256;
inline constexpr unsigned kBlockBits = 8;

// The sources of one cell that is to be looked into.
template <typename Number>
struct Region {
  Number first;
  std::size_t stretch;  // index of the stretch that holds `first`
};

struct Blocks {
  std::vector<apiguard_block> blocks;
  std::vector<apiguard_rank> ranks;  // one a block
};

// The block whose first address is region.first, each cell 1 << cell_bits addresses wide. Appends
// the regions of its deeper cells, in order.
template <typename Number>
apiguard_block fill_block(const std::vector<Stretch<Number>>& stretches,
                          const Region<Number>& region, unsigned cell_bits,
                          std::vector<Region<Number>>& deeper) {
  apiguard_block block{};
  std::size_t at = region.stretch;
  for (unsigned i = 0; i < kBlockCells; ++i) {
    const Number first = region.first + (Number{i} << cell_bits);
    const Number last = first + ((Number{1} << cell_bits) - 1);
    while (at + 1 < stretches.size() && stretches[at + 1].first <= first) ++at;
    Cell cell = stretches[at].cell;
    if (at + 1 < stretches.size() && stretches[at + 1].first <= last) {
      cell = APIGUARD_CELL_DEEPER;
      deeper.push_back({first, at});
    }
    block.cells[i / 32] |= static_cast<__u64>(cell) << 2 * (i % 32);
  }
  return block;
}

// `first`: the number of the block's first deeper cell.
[[nodiscard]] inline apiguard_rank rank_of(const apiguard_block& block, std::size_t first) {
  constexpr __u64 kLowBits = 0x5555555555555555;
  apiguard_rank rank{};
  rank.first = static_cast<__u32>(first);
  int before = 0;
  for (std::size_t word = 0; word < 8; ++word) {
    rank.before[word] = static_cast<__u8>(before);
    const __u64 cells = block.cells[word];
    before += std::popcount(cells & cells >> 1 & kLowBits);
  }
  return rank;
}

// Appends the blocks of `regions`; returns the regions of their deeper cells, numbered from
// `number` on.
template <typename Number>
std::vector<Region<Number>> add_level(Blocks& level, const std::vector<Stretch<Number>>& stretches,
                                      const std::vector<Region<Number>>& regions,
                                      unsigned cell_bits, std::size_t number) {
  std::vector<Region<Number>> deeper;
  for (const Region<Number>& region : regions) {
    const std::size_t before = deeper.size();
    level.blocks.push_back(fill_block(stretches, region, cell_bits, deeper));
    level.ranks.push_back(rank_of(level.blocks.back(), number + before));
  }
  return deeper;
}

// The regions of the top blocks, from `first` on.
template <typename Number>
std::vector<Region<Number>> top_regions(const std::vector<Stretch<Number>>& stretches, Number first,
                                        unsigned cell_bits) {
  std::vector<Region<Number>> regions;
  std::size_t at = 0;
  for (unsigned i = 0; i < APIGUARD_TOP_BLOCKS; ++i) {
    const Number start = first + (Number{i} << (cell_bits + kBlockBits));
    while (at + 1 < stretches.size() && stretches[at + 1].first <= start) ++at;
    regions.push_back({start, at});
  }
  return regions;
}

}  // namespace apiguard
