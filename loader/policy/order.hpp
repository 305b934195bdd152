// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ranges in the order of their prefixes, as small keys: a million are sorted without being moved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

// A prefix as a 128-bit number (an IPv4 address takes the upper 32 bits), and what a walk over the
// ranges asks of each.
struct Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  // into the ranges
  std::uint32_t index = 0;
  Family family = Family::kIpv4;
  std::uint8_t length = 0;
  Kind kind = Kind::kAllow;
  bool permanent = true;

  [[nodiscard]] bool same_prefix(const Key& other) const {
    return high == other.high && low == other.low && family == other.family &&
           length == other.length;
  }
};

// An address is its own /32 or /128.
[[nodiscard]] Key key_of(const Address& address, std::uint32_t index);

// True if the prefix of `inner` is that of `outer` or lies inside it.
[[nodiscard]] bool covers(const Key& outer, const Key& inner);

// By family, address, length, and index: equal prefixes stay in the order of the ranges, and a
// prefix comes before everything it covers.
[[nodiscard]] bool before(const Key& a, const Key& b);
[[nodiscard]] std::vector<Key> ordered(const std::vector<Range>& ranges);
// Only the ranges at `indices`.
[[nodiscard]] std::vector<Key> ordered(const std::vector<Range>& ranges,
                                       const std::vector<std::uint32_t>& indices);

// The keys of the prefix that begins at keys[begin].
[[nodiscard]] std::span<const Key> group_at(std::span<const Key> keys, std::size_t begin);

// What the ranges of one prefix come to: of each kind the one that ends last, as in
// effective_ranges. They point into the ranges that were added.
struct Deciders {
  const Range* except = nullptr;
  // or cluster
  const Range* allow = nullptr;

  void add(const Range& range);
  // Null if the except is there for as long: then no allow of the prefix ever decides.
  [[nodiscard]] const Range* deciding_allow() const;
  // The one that decides at `now`: a live except before a live allow. Null: neither is live.
  [[nodiscard]] const Range* at(Timestamp now) const;
  // The one that decided last, where they have ended. Null only if there are none.
  [[nodiscard]] const Range* last() const;
};

[[nodiscard]] Deciders deciders(const std::vector<Range>& ranges, std::span<const Key> group);

}  // namespace apiguard
