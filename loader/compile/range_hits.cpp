// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/range_hits.hpp"

#include <algorithm>
#include <cstring>

namespace apiguard {
namespace {

static_assert(sizeof(apiguard_used_key::address) == sizeof(Address::bytes));

// Of the same range. Without connections there are no moments.
template <typename T>
void unite(T& to, const T& from) {
  if (from.connections == 0) return;
  to.first = to.connections == 0 ? from.first : std::min(to.first, from.first);
  to.last = std::max(to.last, from.last);
  to.connections = std::max(to.connections, from.connections);
}

}  // namespace

apiguard_used_key hits_key(const Prefix& prefix) {
  apiguard_used_key key{};
  key.family = static_cast<__u8>(prefix.address.family);
  key.prefix_len = prefix.length;
  std::memcpy(key.address, prefix.address.bytes.data(), sizeof(key.address));
  return key;
}

RangeHits hits_of(const apiguard_used_key& key, const apiguard_used& value) {
  RangeHits use;
  use.prefix.address.family = static_cast<Family>(key.family);
  use.prefix.length = key.prefix_len;
  std::memcpy(use.prefix.address.bytes.data(), key.address, sizeof(key.address));
  use.connections = value.connections;
  use.first = boot_time_of(value.first);
  use.last = boot_time_of(value.last);
  return use;
}

Hits united(const Hits& a, const Hits& b) {
  Hits result;
  result.missed = a.missed;
  unite(result.missed, b.missed);
  result.ranges.reserve(std::max(a.ranges.size(), b.ranges.size()));
  std::merge(a.ranges.begin(), a.ranges.end(), b.ranges.begin(), b.ranges.end(),
             std::back_inserter(result.ranges), [](const RangeHits& one, const RangeHits& other) {
               return one.prefix < other.prefix;
             });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < result.ranges.size(); ++i) {
    if (kept > 0 && result.ranges[kept - 1].prefix == result.ranges[i].prefix) {
      unite(result.ranges[kept - 1], result.ranges[i]);
    } else {
      result.ranges[kept++] = result.ranges[i];
    }
  }
  result.ranges.resize(kept);
  return result;
}

}  // namespace apiguard
