// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/order.hpp"

#include <algorithm>
#include <tuple>

namespace apiguard {
namespace {

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

Key to_key(const Range& range, std::uint32_t index) {
  const auto& bytes = range.prefix.address.bytes;
  return {big_endian(bytes.data()),
          big_endian(bytes.data() + 8),
          index,
          range.prefix.address.family,
          range.prefix.length,
          range.kind,
          !range.until};
}

struct Before {
  bool operator()(const Key& a, const Key& b) const {
    if (a.family != b.family) return a.family < b.family;
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    if (a.length != b.length) return a.length < b.length;
    return a.index < b.index;
  }
};

// True if the first `bits` of two words are the same.
bool same_bits(std::uint64_t a, std::uint64_t b, int bits) {
  if (bits <= 0) return true;
  return bits >= 64 ? a == b : (a ^ b) >> (64 - bits) == 0;
}

// What outranks what within one prefix: except, cluster, allow; then permanent; then the later end.
std::tuple<int, bool, Timestamp> rank(const Range& range) {
  const int kind = range.kind == Kind::kExcept ? 2 : range.kind == Kind::kCluster ? 1 : 0;
  return {kind, !range.until, range.until.value_or(0)};
}

}  // namespace

bool covers(const Key& outer, const Key& inner) {
  return outer.family == inner.family && outer.length <= inner.length &&
         same_bits(outer.high, inner.high, outer.length) &&
         same_bits(outer.low, inner.low, outer.length - 64);
}

std::vector<Key> ordered(const std::vector<Range>& ranges) {
  std::vector<Key> keys;
  keys.reserve(ranges.size());
  for (const Range& range : ranges) {
    keys.push_back(to_key(range, static_cast<std::uint32_t>(keys.size())));
  }
  if (!std::is_sorted(keys.begin(), keys.end(), Before())) {
    std::sort(keys.begin(), keys.end(), Before());
  }
  return keys;
}

std::span<const Key> group_at(std::span<const Key> keys, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < keys.size() && keys[end].same_prefix(keys[begin])) ++end;
  return keys.subspan(begin, end - begin);
}

bool outranks(const Range& a, const Range& b) { return rank(a) > rank(b); }

const Key& decider(const std::vector<Range>& ranges, std::span<const Key> group) {
  const Key* best = &group.front();
  for (const Key& key : group.subspan(1)) {
    if (outranks(ranges[key.index], ranges[best->index])) best = &key;
  }
  return *best;
}

}  // namespace apiguard
