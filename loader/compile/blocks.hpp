// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stretches -> the top of an index, and blocks of 256 cells.
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
  // index of the stretch that holds `first`
  std::size_t stretch;
};

// the low bit of every cell
inline constexpr __u64 kLowBits = 0x5555555555555555;

[[nodiscard]] inline unsigned count_deeper_cells(__u64 cells) {
  return static_cast<unsigned>(std::popcount(cells & cells >> 1 & kLowBits));
}

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
  apiguard_rank rank{};
  rank.first = static_cast<__u32>(first);
  unsigned before = 0;
  for (std::size_t word = 0; word < std::size(block.cells); ++word) {
    rank.before[word] = static_cast<__u8>(before);
    before += count_deeper_cells(block.cells[word]);
  }
  return rank;
}

// The top, from address `first` on, each cell 1 << cell_bits addresses wide. Appends the regions of
// its deeper cells, which are numbered from 0 on.
template <typename Number>
apiguard_top fill_top(const std::vector<Stretch<Number>>& stretches, Number first,
                      unsigned cell_bits, std::vector<Region<Number>>& deeper) {
  apiguard_top top{};
  std::size_t at = 0, number = 0;
  for (std::size_t word = 0; word < APIGUARD_TOP_WORDS; word += 8) {
    const Number start = first + (Number{word * 32} << cell_bits);
    while (at + 1 < stretches.size() && stretches[at + 1].first <= start) ++at;
    const apiguard_block block = fill_block(stretches, {start, at}, cell_bits, deeper);
    for (std::size_t i = 0; i < std::size(block.cells); ++i) {
      top.cells[word + i] = block.cells[i];
      top.first[word + i] = static_cast<__u32>(number);
      number += count_deeper_cells(block.cells[i]);
    }
  }
  return top;
}

}  // namespace apiguard
