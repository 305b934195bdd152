// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/shards.hpp"

#include <algorithm>
#include <cstring>

namespace apiguard {
namespace {

constexpr std::size_t kSmallShard = 16384;

std::uint64_t big_endian(const std::uint8_t* bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | bytes[i];
  return value;
}

template <typename Key>
Key key_of(const Prefix& prefix) {
  Key key{};
  key.prefix_len = prefix.length;
  std::memcpy(key.address, prefix.address.bytes.data(), sizeof(key.address));
  return key;
}

}  // namespace

template <typename Key>
void ShardBuilder<Key>::add(const Prefix& prefix, const apiguard_range& value) {
  while (!open_.empty() && !covers(open_.back().prefix, prefix)) open_.pop_back();
  const bool full = added_ >= capacity_;
  const bool apart = open_.empty() || open_.back().prefix.address != prefix.address;
  if (shards_.empty() || (full && apart)) begin(prefix);
  put(prefix, value);
  ++added_;
  open_.push_back({prefix, value});
}

// What is open covers the first address of `prefix`, and is all that reaches over it.
template <typename Key>
void ShardBuilder<Key>::begin(const Prefix& prefix) {
  const auto* bytes = prefix.address.bytes.data();
  shards_.emplace_back();
  shards_.back().start = {big_endian(bytes), big_endian(bytes + 8)};
  added_ = 0;
  for (const Open& around : open_) put(around.prefix, around.value);
}

template <typename Key>
void ShardBuilder<Key>::put(const Prefix& prefix, const apiguard_range& value) {
  shards_.back().keys.push_back(key_of<Key>(prefix));
  shards_.back().values.push_back(value);
}

std::size_t shard_capacity(std::size_t entries) {
  return std::max(kSmallShard, entries / APIGUARD_MAX_SHARDS + 1);
}

template <typename Key>
apiguard_shards shard_starts(const Shards<Key>& shards) {
  apiguard_shards starts{};
  starts.count = static_cast<__u32>(shards.size());
  for (std::size_t i = 0; i < shards.size(); ++i) starts.starts[i] = shards[i].start;
  return starts;
}

template class ShardBuilder<apiguard_key4>;
template class ShardBuilder<apiguard_key6>;
template apiguard_shards shard_starts(const Shards<apiguard_key4>& shards);
template apiguard_shards shard_starts(const Shards<apiguard_key6>& shards);

}  // namespace apiguard
