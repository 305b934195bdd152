// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Addresses, prefixes, endpoints and names, against the C library's reading of the same text. A
// line each of the input; its first bytes are an address as well.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

int af_of(Family family) { return family == Family::kIpv4 ? AF_INET : AF_INET6; }

void is_as_in_c(const Address& address, std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  const std::string copy(text);
  must(inet_pton(af_of(address.family), copy.c_str(), bytes.data()) == 1, "C reads it too", text);
  must(bytes == address.bytes, "C reads the same address", text);
}

void reads_address(std::string_view text) {
  const auto address = parse_address(text);
  if (!address) return;
  is_as_in_c(*address, text);
  const std::string shown = to_string(*address);
  const auto again = parse_address(shown);
  must(again && *again == *address, "an address reads back", shown);
  must(!valid_name(text), "no address is a name", text);
}

void reads_prefix(std::string_view text) {
  const auto parsed = parse_prefix(text);
  if (!parsed) return;
  const Prefix& prefix = parsed->prefix;
  must(prefix.length <= max_length(prefix.address.family), "a length is one of its family", text);
  must(prefix_around(prefix.address, prefix.length) == prefix, "no bit is set behind it", text);
  const std::string shown = to_string(prefix);
  const auto again = parse_prefix(shown);
  must(again && again->prefix == prefix && !again->host_bits, "a prefix reads back", shown);
  const auto address = parse_address(text.substr(0, text.find('/')));
  must(address && covers(prefix, *address), "a prefix covers the address that it was made of",
       text);
  must(parsed->host_bits == (*address != prefix.address), "host bits are those behind it", text);
}

void reads_endpoint(std::string_view text) {
  const auto endpoint = parse_endpoint(text);
  if (!endpoint) return;
  const std::string shown = to_string(*endpoint);
  const auto again = parse_endpoint(shown);
  must(endpoint->port > 0, "an endpoint has a port", text);
  must(again && *again == *endpoint, "an endpoint reads back", shown);
}

bool is_of_ipv4(const Address& address) {
  constexpr std::array<std::uint8_t, 10> kZeros{};
  return address.family == Family::kIpv6 &&
         std::equal(kZeros.begin(), kZeros.end(), address.bytes.begin());
}

// The C library writes the addresses of RFC 5952 alike, but for those that hold an IPv4 address.
void shows(std::string_view bytes, Family family) {
  Address address;
  address.family = family;
  const std::size_t size = max_length(family) / 8U;
  if (bytes.size() < size) return;
  std::memcpy(address.bytes.data(), bytes.data(), size);
  if (is_of_ipv4(address)) return;
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(af_of(family), address.bytes.data(), text.data(), text.size());
  const std::string shown = to_string(address);
  same(shown, text.data(), "an address is shown as C shows it");
  const auto again = parse_address(shown);
  must(again && *again == address, "every address reads back", shown);
}

}  // namespace

void run(std::string_view input) {
  shows(input, Family::kIpv4);
  shows(input, Family::kIpv6);
  while (!input.empty()) {
    const std::string_view line = take_line(input);
    reads_address(line);
    reads_prefix(line);
    reads_endpoint(line);
  }
}

}  // namespace apiguard::fuzz
