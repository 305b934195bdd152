// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sources that were seen -> ranges to list. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::propose {

// A range that covers sources.
struct Suggestion {
  Prefix cidr;
  std::size_t sources = 0;
  std::uint64_t connections = 0;
  unsigned days = 0;    // of UTC, on which the most constant of its sources was seen
  bool listed = false;  // in the list already; cidr is the range that decides

  friend bool operator==(const Suggestion&, const Suggestion&) = default;
};

struct SuggestOptions {
  std::size_t max_ranges = 0;     // 0: as many as it takes
  std::uint8_t min_length4 = 24;  // no range is wider
  std::uint8_t min_length6 = 64;
};

struct Suggestions {
  std::vector<Suggestion> ranges;  // by prefix
  std::size_t excepted = 0;        // sources that are taken out on purpose: nothing is suggested
};

// Single addresses, or where several of one /24 or /64 were seen (four, or two of IPv6, which
// change their address) the longest prefix that covers them. More than max_ranges are put together
// further, those first that add the fewest addresses, as far as the least lengths allow.
[[nodiscard]] Suggestions suggest(const std::vector<SeenSource>& sources,
                                  const std::vector<Range>& ranges, Timestamp now,
                                  const SuggestOptions& options);

}  // namespace apiguard::propose
