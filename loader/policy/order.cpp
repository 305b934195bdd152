// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/order.hpp"

#include <algorithm>

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

// Of two ranges of one prefix and kind (a cluster range is an allow): which one stands for both.
bool outranks(const Range& a, const Range& b) {
  if (a.until != b.until) return ends_later(a, b);
  return a.kind == Kind::kCluster && b.kind != Kind::kCluster;
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

void Deciders::add(const Range& range) {
  const Range*& best = range.kind == Kind::kExcept ? except : allow;
  if (best == nullptr || outranks(range, *best)) best = &range;
}

const Range* Deciders::deciding_allow() const {
  if (allow == nullptr || except == nullptr) return allow;
  return ends_later(*allow, *except) ? allow : nullptr;
}

const Range* Deciders::at(Timestamp now) const {
  for (const Range* range : {except, allow}) {
    if (range != nullptr && !has_ended(*range, now)) return range;
  }
  return nullptr;
}

const Range* Deciders::last() const {
  const Range* outlasting = deciding_allow();
  return outlasting != nullptr ? outlasting : except;
}

Deciders deciders(const std::vector<Range>& ranges, std::span<const Key> group) {
  Deciders found;
  for (const Key& key : group) found.add(ranges[key.index]);
  return found;
}

}  // namespace apiguard
