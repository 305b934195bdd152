// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/network.hpp"

#include <algorithm>

#include "tests/bench/bpf/sources.h"

namespace apiguard::bench {

unsigned bits_of(Family family) { return max_length(family); }

Number size_of(Family family, unsigned length) { return Number{1} << (bits_of(family) - length); }

Number last_of(Family family, const Network& network) {
  return network.first + (size_of(family, network.length) - 1);
}

Network network_around(Family family, Number address, unsigned length) {
  return {address & ~(size_of(family, length) - 1), length};
}

Address address_of(Family family, Number number) {
  Address address{family, {}};
  const unsigned bytes = bits_of(family) / 8;
  for (unsigned i = 0; i < bytes; ++i)
    address.bytes[i] = static_cast<std::uint8_t>(number >> 8 * (bytes - 1 - i));
  return address;
}

std::string text_of(Family family, const Network& network) {
  return to_string(
      Prefix{address_of(family, network.first), static_cast<std::uint8_t>(network.length)});
}

Policy policy_of(const std::vector<const List*>& lists) {
  Policy policy;
  policy.endpoints.push_back({std::nullopt, BENCH_PORT});
  for (const List* list : lists) {
    for (const Network& network : list->networks) {
      Range range;
      range.prefix = {address_of(list->family, network.first),
                      static_cast<std::uint8_t>(network.length)};
      policy.ranges.push_back(range);
    }
  }
  return policy;
}

Holdings::Holdings(const List& list) {
  for (const Network& network : list.networks) {
    const Number last = last_of(list.family, network);
    if (!stretches_.empty() && network.first <= stretches_.back().second) {
      stretches_.back().second = std::max(stretches_.back().second, last);
    } else {
      stretches_.emplace_back(network.first, last);
    }
  }
}

bool Holdings::holds(Number address) const {
  const auto after =
      std::upper_bound(stretches_.begin(), stretches_.end(), address,
                       [](Number value, const auto& stretch) { return value < stretch.first; });
  return after != stretches_.begin() && address <= std::prev(after)->second;
}

}  // namespace apiguard::bench
