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
  return {big_endian(bytes.data()), big_endian(bytes.data() + 8), index,
          range.prefix.address.family, range.prefix.length};
}

bool before(const Key& a, const Key& b) {
  return std::tie(a.family, a.high, a.low, a.length, a.index) <
         std::tie(b.family, b.high, b.low, b.length, b.index);
}

// What outranks what within one prefix: except, cluster, allow; then permanent; then the later end.
std::tuple<int, bool, Timestamp> rank(const Range& range) {
  const int kind = range.kind == Kind::kExcept ? 2 : range.kind == Kind::kCluster ? 1 : 0;
  return {kind, !range.until, range.until.value_or(0)};
}

}  // namespace

std::vector<Key> ordered(const std::vector<Range>& ranges) {
  std::vector<Key> keys;
  keys.reserve(ranges.size());
  for (const Range& range : ranges) {
    keys.push_back(to_key(range, static_cast<std::uint32_t>(keys.size())));
  }
  if (!std::is_sorted(keys.begin(), keys.end(), before)) {
    std::sort(keys.begin(), keys.end(), before);
  }
  return keys;
}

std::span<const Key> group_at(std::span<const Key> keys, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < keys.size() && keys[end].same_prefix(keys[begin])) ++end;
  return keys.subspan(begin, end - begin);
}

std::uint32_t decider(const std::vector<Range>& ranges, std::span<const Key> group) {
  std::uint32_t best = group.front().index;
  for (const Key& key : group.subspan(1)) {
    if (rank(ranges[key.index]) > rank(ranges[best])) best = key.index;
  }
  return best;
}

}  // namespace apiguard
