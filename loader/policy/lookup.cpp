// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/lookup.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <span>
#include <utility>

#include "loader/policy/order.hpp"

namespace apiguard {
namespace {

// Lengths at which addresses are told apart before they are searched.
constexpr std::array<int, 2> kLevels4 = {24, 16};
constexpr std::array<int, 3> kLevels6 = {64, 48, 32};

std::span<const int> levels(Family family) {
  return family == Family::kIpv4 ? std::span<const int>(kLevels4) : std::span<const int>(kLevels6);
}

// The addresses or prefixes that are asked for, so that nearly every range is dismissed by one bit:
// whether any of them begins like it.
class Sought {
 public:
  // The index of each key is its place.
  explicit Sought(std::vector<Key> keys) : keys_(std::move(keys)) {
    for (const Key& key : keys_) {
      for (const int level : levels(key.family)) beginnings_.set(beginning(key, level));
    }
    std::sort(keys_.begin(), keys_.end(), before);
  }

  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }

  [[nodiscard]] bool any_in(const Prefix& prefix) const {
    Key key = key_of(prefix.address, 0);
    if (!may_hold(key, prefix.length)) return false;
    key.length = prefix.length;
    const auto first = std::lower_bound(keys_.begin(), keys_.end(), key, before);
    return first != keys_.end() && covers(key, *first);
  }

 private:
  // 32 KiB, which stay near the processor
  static constexpr int kBits = 18;

  static std::size_t beginning(const Key& key, int level) {
    const std::uint64_t bits = (key.high >> (64 - level)) + static_cast<std::uint64_t>(level);
    return bits * 0x9e3779b97f4a7c15 >> (64 - kBits);
  }

  [[nodiscard]] bool may_hold(const Key& key, int length) const {
    for (const int level : levels(key.family)) {
      if (length >= level) return beginnings_.test(beginning(key, level));
    }
    return true;
  }

  std::vector<Key> keys_;
  std::bitset<1 << kBits> beginnings_;
};

std::vector<std::uint32_t> indices_of_relevant(const std::vector<Range>& ranges,
                                               const Sought& sought) {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < ranges.size(); ++i) {
    if (sought.any_in(ranges[i].prefix)) indices.push_back(i);
  }
  return indices;
}

// The ranges around the place that a walk in the order of addresses has come to, widest first.
class Around {
 public:
  void enter(const Key& key, const Range& deciding) {
    leave_for(key);
    open_.push_back({key, &deciding});
  }
  // Whatever does not cover this key ends before it.
  void leave_for(const Key& key) {
    while (!open_.empty() && !covers(open_.back().key, key)) open_.pop_back();
  }
  [[nodiscard]] const Range* innermost() const {
    return open_.empty() ? nullptr : open_.back().deciding;
  }

 private:
  struct Open {
    Key key;
    const Range* deciding;
  };
  std::vector<Open> open_;
};

std::vector<Key> keys_of(const std::vector<Prefix>& prefixes) {
  std::vector<Key> keys;
  keys.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) {
    keys.push_back(key_of(prefix.address, static_cast<std::uint32_t>(keys.size())));
    keys.back().length = prefix.length;
  }
  return keys;
}

// Behind whatever may cover it, of its own prefix too.
Key behind(const Key& key) {
  Key last = key;
  last.index = std::numeric_limits<std::uint32_t>::max();
  return last;
}

std::vector<const Range*> deciding_over_keys(const std::vector<Range>& ranges,
                                             std::vector<Key> asked, Timestamp now) {
  std::vector<const Range*> deciding(asked.size(), nullptr);
  if (asked.empty()) return deciding;
  const Sought sought(std::move(asked));
  const std::vector<Key> keys = ordered(ranges, indices_of_relevant(ranges, sought));
  Around around;
  std::size_t at = 0;
  for (const Key& one : sought.keys()) {
    const Key last = behind(one);
    while (at < keys.size() && !before(last, keys[at])) {
      const auto group = group_at(keys, at);
      if (const Range* range = deciders(ranges, group).at(now)) around.enter(group.front(), *range);
      at += group.size();
    }
    around.leave_for(one);
    deciding[one.index] = around.innermost();
  }
  return deciding;
}

}  // namespace

std::vector<const Range*> deciding_for(const std::vector<Range>& ranges,
                                       const std::vector<Address>& addresses, Timestamp now) {
  std::vector<Key> keys;
  keys.reserve(addresses.size());
  for (const Address& address : addresses)
    keys.push_back(key_of(address, static_cast<std::uint32_t>(keys.size())));
  return deciding_over_keys(ranges, std::move(keys), now);
}

std::vector<const Range*> deciding_over(const std::vector<Range>& ranges,
                                        const std::vector<Prefix>& prefixes, Timestamp now) {
  return deciding_over_keys(ranges, keys_of(prefixes), now);
}

std::vector<std::vector<const Range*>> covering(const std::vector<Range>& ranges,
                                                const std::vector<Prefix>& prefixes) {
  std::vector<std::vector<const Range*>> out(prefixes.size());
  if (prefixes.empty()) return out;
  const Sought sought(keys_of(prefixes));
  const std::vector<Key> keys = ordered(ranges, indices_of_relevant(ranges, sought));
  std::vector<Key> open;  // what covers the place that the walk has come to, widest first
  const auto leave_for = [&](const Key& key) {
    while (!open.empty() && !covers(open.back(), key)) open.pop_back();
  };
  std::size_t at = 0;
  for (const Key& one : sought.keys()) {
    for (const Key last = behind(one); at < keys.size() && !before(last, keys[at]); ++at) {
      leave_for(keys[at]);
      open.push_back(keys[at]);
    }
    leave_for(one);
    for (const Key& key : open) out[one.index].push_back(&ranges[key.index]);
  }
  return out;
}

bool protects(const std::vector<Endpoint>& endpoints, const Address& address, std::uint16_t port) {
  return std::any_of(endpoints.begin(), endpoints.end(), [&](const Endpoint& endpoint) {
    return endpoint.port == port && (!endpoint.address || *endpoint.address == address);
  });
}

}  // namespace apiguard
