// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Addresses and prefixes as values: parse, format, compare. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "loader/base/result.hpp"

namespace apiguard {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

struct Address {
  Family family = Family::kIpv4;
  // network byte order; IPv4 in the first four, rest 0
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const Address&, const Address&) = default;
};

// A canonical CIDR: no bit is set behind `length`.
struct Prefix {
  Address address;
  // bits; 0..32 or 0..128
  std::uint8_t length = 0;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct ParsedPrefix {
  // masked
  Prefix prefix;
  // bits behind the length were set in the text
  bool host_bits = false;
};

[[nodiscard]] constexpr std::uint8_t max_length(Family family) {
  return family == Family::kIpv4 ? 32 : 128;
}

// Strict readers. Refused with a reason ("leading zero in octet '010'", "zone id ...",
// "IPv4-mapped IPv6 address ..."): the message has no position and no file, the caller adds it.
[[nodiscard]] Result<Address> parse_address(std::string_view text);

// "ADDRESS" (a /32 or /128) or "ADDRESS/LENGTH". In scan.cpp.
[[nodiscard]] Result<ParsedPrefix> parse_prefix(std::string_view text);

// RFC 5952
[[nodiscard]] std::string to_string(const Address& address);
// always with its length
[[nodiscard]] std::string to_string(const Prefix& prefix);

// The prefix of that length, at most max_length, that holds the address.
[[nodiscard]] Prefix prefix_around(const Address& address, std::uint8_t length);

[[nodiscard]] bool covers(const Prefix& outer, const Address& address);
// equal counts
[[nodiscard]] bool covers(const Prefix& outer, const Prefix& inner);

}  // namespace apiguard
