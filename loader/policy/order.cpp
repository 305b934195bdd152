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
  Key key = key_of(range.prefix.address, index);
  key.length = range.prefix.length;
  key.kind = range.kind;
  key.permanent = !range.until;
  return key;
}

// A type and not the function itself, so that the sort can inline it.
struct Before {
  bool operator()(const Key& a, const Key& b) const {
    if (a.family != b.family) return a.family < b.family;
    if (a.high != b.high) return a.high < b.high;
    if (a.low != b.low) return a.low < b.low;
    if (a.length != b.length) return a.length < b.length;
    return a.index < b.index;
  }
};

void put_in_order(std::vector<Key>& keys) {
  if (!std::is_sorted(keys.begin(), keys.end(), Before())) {
    std::sort(keys.begin(), keys.end(), Before());
  }
}

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

Key key_of(const Address& address, std::uint32_t index) {
  Key key;
  key.high = big_endian(address.bytes.data());
  key.low = big_endian(address.bytes.data() + 8);
  key.index = index;
  key.family = address.family;
  key.length = max_length(address.family);
  return key;
}

bool covers(const Key& outer, const Key& inner) {
  return outer.family == inner.family && outer.length <= inner.length &&
         same_bits(outer.high, inner.high, outer.length) &&
         same_bits(outer.low, inner.low, outer.length - 64);
}

bool before(const Key& a, const Key& b) { return Before()(a, b); }

std::vector<Key> ordered(const std::vector<Range>& ranges) {
  std::vector<Key> keys;
  keys.reserve(ranges.size());
  for (const Range& range : ranges) {
    keys.push_back(to_key(range, static_cast<std::uint32_t>(keys.size())));
  }
  put_in_order(keys);
  return keys;
}

std::vector<Key> ordered(const std::vector<Range>& ranges,
                         const std::vector<std::uint32_t>& indices) {
  std::vector<Key> keys;
  keys.reserve(indices.size());
  for (const std::uint32_t index : indices) keys.push_back(to_key(ranges[index], index));
  put_in_order(keys);
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
