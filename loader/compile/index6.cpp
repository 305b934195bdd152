// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>

#include "loader/compile/index.hpp"
#include "loader/compile/tree.hpp"

namespace apiguard {
namespace {

using Stretches = std::vector<Stretch<Number6>>;
using Regions = std::vector<Region<Number6>>;

constexpr unsigned kAddressBits = 128;

// How many leading bits are the same in all ranges, /0 aside, which holds everything anyway.
void share_bits(Index6& index, RangeSpan ranges) {
  index.shared_len = APIGUARD_MAX_SHARED6;
  const Range* some = nullptr;
  for (const Range* range : ranges) {
    if (range->prefix.length == 0) continue;
    if (some == nullptr) some = range;
    const Number6 differ = number6(range->prefix.address) ^ number6(some->prefix.address);
    const int same = std::countl_zero(static_cast<__u64>(differ >> 64));
    index.shared_len =
        std::min({index.shared_len, unsigned{range->prefix.length}, static_cast<unsigned>(same)});
  }
  if (some == nullptr || index.shared_len == 0) return;
  const unsigned other_bits = 64 - index.shared_len;
  index.shared = static_cast<__u64>(number6(some->prefix.address) >> 64) >> other_bits
                                                                                << other_bits;
}

void begin(std::vector<Step>& steps, const Step& step) {
  if (steps.back().key == step.key) {
    steps.back() = step;
  } else {
    steps.push_back(step);
  }
}

class Builder {
 public:
  Builder(const Stretches& stretches, Index6& index)
      : stretches_(stretches),
        nodes_(index.nodes),
        low_bits_(kAddressBits - index.shared_len - APIGUARD_TOP_BITS - APIGUARD_KEY_BITS) {}

  // The root of a region's tree has the number of its cell; what else there is follows the roots.
  void add_trees(const Regions& regions) {
    nodes_.resize(regions.size());
    for (std::size_t i = 0; i < regions.size(); ++i) {
      for (const OpenSlot& slot : build_tree(nodes_, i, upper_steps(regions[i]))) {
        // No cell is deeper than the last bit of an address.
        static_cast<void>(build_tree(nodes_, slot.node, lower_steps(slot, regions[i].first)));
      }
    }
  }

 private:
  [[nodiscard]] __u64 upper_key(Number6 address) const {
    return static_cast<__u64>(address >> low_bits_) & APIGUARD_KEY_MASK;
  }

  [[nodiscard]] Number6 low_mask() const { return (Number6{1} << low_bits_) - 1; }

  // By the 63 bits behind the top. Where stretches begin within the addresses that share them,
  // those addresses are a deeper cell.
  [[nodiscard]] std::vector<Step> upper_steps(const Region<Number6>& region) const {
    const Number6 last = region.first + ((Number6{1} << (APIGUARD_KEY_BITS + low_bits_)) - 1);
    std::vector<Step> steps{{0, stretches_[region.stretch].cell, 0}};
    __u64 split = APIGUARD_NO_KEY;  // the key of the last deeper cell
    for (std::size_t at = region.stretch + 1; begins_by(at, last); ++at) {
      const Stretch<Number6>& stretch = stretches_[at];
      const __u64 key = upper_key(stretch.first);
      if ((stretch.first & low_mask()) == 0) {
        begin(steps, {key, stretch.cell, 0});
        continue;
      }
      if (key != split) begin(steps, {key, APIGUARD_CELL_DEEPER, at - 1});
      split = key;
      // Behind the deeper cell it goes on as its last stretch does.
      if (key != APIGUARD_KEY_MASK) begin(steps, {key + 1, stretch.cell, 0});
    }
    return steps;
  }

  // By the lower half of the address, as it is.
  [[nodiscard]] std::vector<Step> lower_steps(const OpenSlot& slot, Number6 region_first) const {
    const Number6 first = region_first | Number6{slot.key} << low_bits_;
    std::vector<Step> steps{{0, stretches_[slot.stretch].cell, 0}};
    for (std::size_t at = slot.stretch + 1; begins_by(at, first + low_mask()); ++at) {
      const auto key = static_cast<__u64>(stretches_[at].first) & APIGUARD_KEY_MASK;
      steps.push_back({key, stretches_[at].cell, 0});
    }
    return steps;
  }

  [[nodiscard]] bool begins_by(std::size_t stretch, Number6 last) const {
    return stretch < stretches_.size() && stretches_[stretch].first <= last;
  }

  const Stretches& stretches_;
  std::vector<apiguard_node>& nodes_;
  // of an address, behind those of the key
  unsigned low_bits_;
};

}  // namespace

Index6 index6(RangeSpan ranges) {
  const Stretches stretches = flatten6(ranges);
  Index6 index;
  if (stretches.size() == 1) {
    index.whole = stretches.front().cell;
    return index;
  }
  index.whole = APIGUARD_CELL_DEEPER;
  share_bits(index, ranges);
  // Without the shared bits is the first address, or the last one if all shared bits are 0.
  index.outside = (index.shared != 0 ? stretches.front() : stretches.back()).cell;
  const unsigned cell_bits = kAddressBits - index.shared_len - APIGUARD_TOP_BITS;
  Regions deeper;
  index.top = fill_top(stretches, Number6{index.shared} << 64, cell_bits, deeper);
  Builder(stretches, index).add_trees(deeper);
  return index;
}

}  // namespace apiguard
