// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sources that were seen -> ranges to list. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::propose {

// A range that covers sources.
struct Suggestion {
  Prefix cidr;
  std::size_t sources = 0;
  std::uint64_t connections = 0;
  // of UTC, on which the most constant of its sources was seen
  unsigned days = 0;
  // in the list already; cidr is the range that decides
  bool listed = false;
  // Of a single IPv6 address that looks random, as temporary ones do: the /64 of its host.
  std::optional<Prefix> network = std::nullopt;

  friend bool operator==(const Suggestion&, const Suggestion&) = default;
};

struct SuggestOptions {
  // 0: as many as it takes
  std::size_t max_ranges = 0;
  // no range is wider
  std::uint8_t min_length4 = 24;
  std::uint8_t min_length6 = 64;
};

struct Suggestions {
  // by prefix
  std::vector<Suggestion> ranges;
  // sources that are taken out on purpose: nothing is suggested
  std::size_t excepted = 0;
};

// Single addresses, or where several are of one network: of four in one IPv4 /24 the longest prefix
// that covers them, of two in one IPv6 /64 the /64, because that is the unit of a host there, which
// changes its address within it (RFC 8981); a listed one counts, and link-local addresses never do.
// More than max_ranges are put together further, those first that add the fewest addresses, as far
// as the least lengths allow; of IPv6 at lengths that networks have: multiples of four.
[[nodiscard]] Suggestions suggest(const std::vector<AuditSource>& sources,
                                  const std::vector<Range>& ranges, Timestamp now,
                                  const SuggestOptions& options);

// Whether the lower half of an IPv6 address looks like a random number: it is neither made of a MAC
// address (EUI-64, RFC 4291) nor one that people or DHCP count up, or write an IPv4 address in.
[[nodiscard]] bool looks_random(const Address& address);

}  // namespace apiguard::propose
