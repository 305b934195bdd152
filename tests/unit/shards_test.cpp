// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/shards.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <set>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

// Distinct prefixes, nested in one another, in order; `bits` of the address are random.
std::vector<Prefix> random_prefixes(std::mt19937_64& random, Family family, std::size_t count,
                                    unsigned bits) {
  std::set<Prefix> prefixes;
  for (std::size_t i = 0; i < count; ++i) {
    Prefix prefix;
    prefix.address.family = family;
    prefix.length = static_cast<std::uint8_t>(random() % (bits + 1));
    for (unsigned bit = 0; bit < prefix.length; ++bit) {
      auto& byte = prefix.address.bytes[bit / 8];
      if (random() % 2 == 0) byte = static_cast<std::uint8_t>(byte | 0x80 >> bit % 8);
    }
    prefixes.insert(prefix);
  }
  return {prefixes.begin(), prefixes.end()};
}

// The value's first end says which prefix it was.
template <typename Key>
Shards<Key> cut(const std::vector<Prefix>& prefixes, std::size_t capacity) {
  ShardBuilder<Key> builder(capacity);
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    apiguard_range value{};
    value.except_until = i * APIGUARD_END_UNIT | prefixes[i].length;
    builder.add(prefixes[i], value);
  }
  return builder.finish();
}

template <typename Key>
bool holds(const Key& key, const Address& address) {
  Prefix prefix;
  prefix.address.family = address.family;
  prefix.length = static_cast<std::uint8_t>(key.prefix_len);
  std::memcpy(prefix.address.bytes.data(), key.address, sizeof(key.address));
  return covers(prefix, address);
}

// What the program does: the last shard that begins at or before the address.
template <typename Key>
std::optional<__u32> ask(const Shards<Key>& shards, const Address& address) {
  const apiguard_shards starts = shard_starts(shards);
  const auto number = [&address](std::size_t from) {
    __u64 value = 0;
    for (std::size_t i = from; i < from + 8; ++i) value = value << 8 | address.bytes[i];
    return value;
  };
  std::size_t at = 0;
  for (std::size_t i = 1; i < starts.count; ++i) {
    const auto& start = starts.starts[i];
    if (std::pair(start.upper, start.lower) <= std::pair(number(0), number(8))) at = i;
  }
  const Shard<Key>& shard = shards.at(at);
  std::optional<std::size_t> longest;
  for (std::size_t i = 0; i < shard.keys.size(); ++i) {
    if (!holds(shard.keys[i], address)) continue;
    if (!longest || shard.keys[i].prefix_len > shard.keys[*longest].prefix_len) longest = i;
  }
  if (!longest) return std::nullopt;
  return static_cast<__u32>(shard.values[*longest].except_until / APIGUARD_END_UNIT);
}

std::optional<__u32> scan(const std::vector<Prefix>& prefixes, const Address& address) {
  std::optional<__u32> longest;
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    if (!covers(prefixes[i], address)) continue;
    if (!longest || prefixes[i].length > prefixes[*longest].length) longest = static_cast<__u32>(i);
  }
  return longest;
}

Address before(Address address) {
  for (std::size_t i = address.family == Family::kIpv4 ? 4 : 16; i-- > 0;) {
    if (address.bytes[i]-- != 0) break;
  }
  return address;
}

template <typename Key>
void compare(Family family, unsigned bits) {
  std::mt19937_64 random(7);
  for (const std::size_t capacity : {1U, 2U, 5U, 16U, 1000U}) {
    const auto prefixes = random_prefixes(random, family, 60, bits);
    const auto shards = cut<Key>(prefixes, capacity);
    CAPTURE(capacity, shards.size());
    REQUIRE(shards.size() <= APIGUARD_MAX_SHARDS);
    REQUIRE(shards.size() <= prefixes.size() / capacity + 1);
    for (const Prefix& prefix : prefixes) {
      for (const Address& address : {prefix.address, before(prefix.address)})
        REQUIRE(ask(shards, address) == scan(prefixes, address));
    }
  }
}

}  // namespace

TEST_CASE("every address finds its longest match in its shard") {
  compare<apiguard_key4>(Family::kIpv4, 32);
  compare<apiguard_key4>(Family::kIpv4, 4);
  compare<apiguard_key6>(Family::kIpv6, 128);
  compare<apiguard_key6>(Family::kIpv6, 6);
}

TEST_CASE("a short list is one shard, and no list is none") {
  std::mt19937_64 random(1);
  const auto prefixes = random_prefixes(random, Family::kIpv4, 5000, 32);
  CHECK(cut<apiguard_key4>(prefixes, shard_capacity(prefixes.size())).size() == 1);
  CHECK(cut<apiguard_key4>({}, shard_capacity(0)).empty());
  CHECK(shard_starts(Shards<apiguard_key4>{}).count == 0);
}

TEST_CASE("the shards suffice, however long the list") {
  for (const std::size_t count : {1UL, 16'384UL, 1'000'000UL, 1'048'576UL, 12'345'678UL}) {
    const std::size_t capacity = shard_capacity(count);
    CHECK((count + capacity - 1) / capacity <= APIGUARD_MAX_SHARDS);
  }
}
