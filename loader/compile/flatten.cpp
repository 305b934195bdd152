// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/flatten.hpp"

namespace apiguard {
namespace {

// The index cannot answer for a range that ends: its cell says "ask the trie". `range` is the first
// entry of its prefix. If there is a second one, the first is an except that ends.
Cell cell_of(const Range& range) {
  if (range.until) return APIGUARD_CELL_ASK_TRIE;
  return range.kind == Kind::kExcept ? APIGUARD_CELL_EXCEPTED : APIGUARD_CELL_LISTED;
}

template <typename Number>
class Flattener {
 public:
  explicit Flattener(Number last) : last_(last) {}

  // In sorted order, so that what is open covers what comes.
  void add(Number first, Number last, Cell cell) {
    close_before(first);
    begin(first, cell);
    open_.push_back({last, cell});
  }

  std::vector<Stretch<Number>> finish() {
    while (!open_.empty()) close();
    return std::move(stretches_);
  }

 private:
  struct Open {
    Number last;
    Cell cell;
  };

  void close_before(Number first) {
    while (!open_.empty() && open_.back().last < first) close();
  }

  void close() {
    const Number last = open_.back().last;
    open_.pop_back();
    if (last == last_) return;
    begin(last + 1, open_.empty() ? APIGUARD_CELL_UNLISTED : open_.back().cell);
  }

  // What begins at the same address as the stretch before leaves nothing of it.
  void begin(Number first, Cell cell) {
    if (stretches_.back().first == first) {
      if (stretches_.size() > 1) {
        stretches_.pop_back();
      } else {
        stretches_.back().cell = cell;
      }
    }
    if (stretches_.back().cell != cell) stretches_.push_back({first, cell});
  }

  Number last_;
  std::vector<Open> open_;
  std::vector<Stretch<Number>> stretches_{{0, APIGUARD_CELL_UNLISTED}};
};

template <typename Number>
std::vector<Stretch<Number>> flatten(RangeSpan ranges, unsigned bits,
                                     Number (*number)(const Address&)) {
  const Number all = bits == 32 ? Number{0xffffffff} : ~Number{0};
  Flattener<Number> flattener(all);
  const Range* before = nullptr;
  for (const Range* range : ranges) {
    if (before != nullptr && before->prefix == range->prefix) continue;
    before = range;
    const Number first = number(range->prefix.address);
    const unsigned host_bits = bits - range->prefix.length;
    const Number size_less_one = host_bits == bits ? all : (Number{1} << host_bits) - 1;
    flattener.add(first, first + size_less_one, cell_of(*range));
  }
  return flattener.finish();
}

}  // namespace

Number4 number4(const Address& address) {
  Number4 number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.bytes[i];
  return number;
}

Number6 number6(const Address& address) {
  Number6 number = 0;
  for (const std::uint8_t byte : address.bytes) number = number << 8 | byte;
  return number;
}

std::vector<Stretch<Number4>> flatten4(RangeSpan ranges) {
  return flatten<Number4>(ranges, 32, number4);
}

std::vector<Stretch<Number6>> flatten6(RangeSpan ranges) {
  return flatten<Number6>(ranges, 128, number6);
}

}  // namespace apiguard
