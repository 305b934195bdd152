// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The risk 'shrink': a list that came empty, torn or cut short. Pure.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

// What a file loses in one family.
struct Shrunk {
  // as in Origin::file
  std::string file;
  Family family = Family::kIpv4;
  // live allow lines before
  std::size_t entries = 0;
  // of these, lines that go and that nothing else covers
  std::size_t gone = 0;
  // "3072 of 5120 addresses", of IPv6 "60 % of the addresses"
  std::string addresses;
  // of the first few lines that go
  std::vector<Prefix> prefix;
};

// Those of `files` that lose more than half of at least ten live allow lines of a family, or more
// than half of the addresses that these cover. A line stays where `after` has a live allow of its
// prefix, in whatever file, or admits all of its addresses. Files with a `#lapse` header in either
// policy never shrink: what vanishes from them cuts nobody. By file, IPv4 first.
[[nodiscard]] std::vector<Shrunk> find_shrunk(const Policy& before, const Policy& after,
                                              const std::set<std::string>& files, Timestamp now);

// The message of the risk.
[[nodiscard]] std::string describe(const std::vector<Shrunk>& shrunk);

}  // namespace apiguard
