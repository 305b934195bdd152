// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Addresses as numbers, ranges as intervals of them, and which addresses a list holds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard::bench {

// Host byte order; IPv4 in the low 32 bits.
__extension__ using Number = unsigned __int128;

struct Network {
  Number first = 0;  // no bit behind the length is set
  unsigned length = 0;

  friend bool operator==(const Network&, const Network&) = default;
  friend bool operator<(const Network& left, const Network& right) {
    return left.first != right.first ? left.first < right.first : left.length < right.length;
  }
};

struct List {
  Family family = Family::kIpv4;
  std::vector<Network> networks;  // sorted, no two the same
};

[[nodiscard]] unsigned bits_of(Family family);
[[nodiscard]] Number size_of(Family family, unsigned length);  // addresses; length is not 0
[[nodiscard]] Number last_of(Family family, const Network& network);
[[nodiscard]] Network network_around(Family family, Number address, unsigned length);
[[nodiscard]] Address address_of(Family family, Number number);
[[nodiscard]] std::string text_of(Family family, const Network& network);

// A policy as an operator would have it: enforce, one port on all addresses, these ranges.
[[nodiscard]] Policy policy_of(const std::vector<const List*>& lists);

// What a list holds: its ranges merged, found by binary search. Shares nothing with the program.
class Holdings {
 public:
  explicit Holdings(const List& list);
  [[nodiscard]] bool holds(Number address) const;

 private:
  std::vector<std::pair<Number, Number>> stretches_;  // first, last; ascending, disjoint
};

}  // namespace apiguard::bench
