// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries of the tries, cut into shards: apiguard/judge.h says what a shard is.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "apiguard/judge.h"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// One trie, sorted by address, then length; keys[i] holds values[i].
template <typename Key>
struct Shard {
  apiguard_start start{};
  std::vector<Key> keys;
  std::vector<apiguard_range> values;
};

template <typename Key>
using Shards = std::vector<Shard<Key>>;

// Takes entries sorted by address, then length, one a prefix. A shard is full at `capacity` entries
// of its own and whatever more begins at the same address: no more than APIGUARD_MAX_SHARDS come of
// it if `capacity` is shard_capacity() of the number of entries.
template <typename Key>
class ShardBuilder {
 public:
  explicit ShardBuilder(std::size_t capacity) : capacity_(capacity) {}

  void add(const Prefix& prefix, const apiguard_range& value);
  [[nodiscard]] Shards<Key> finish() { return std::move(shards_); }

 private:
  struct Open {
    Prefix prefix;
    apiguard_range value{};
  };
  void begin(const Prefix& prefix);
  void put(const Prefix& prefix, const apiguard_range& value);

  std::size_t capacity_;
  Shards<Key> shards_;
  // to the last shard, without those that reach into it
  std::size_t added_ = 0;
  // the entries around the last one, and that one
  std::vector<Open> open_;
};

// Small enough to be freed within milliseconds, and so large that the shards suffice.
[[nodiscard]] std::size_t shard_capacity(std::size_t entries);

template <typename Key>
[[nodiscard]] apiguard_shards shard_starts(const Shards<Key>& shards);

}  // namespace apiguard
