// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/prefix.hpp"

#include <arpa/inet.h>

#include <random>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

struct Good {
  std::string_view text;
  std::string_view shown;
  bool host_bits = false;
};

struct Bad {
  std::string_view text;
  std::string_view message;
};

Address random_address(std::mt19937_64& random) {
  Address address{random() % 2 == 0 ? Family::kIpv4 : Family::kIpv6, {}};
  const std::size_t size = address.family == Family::kIpv4 ? 4 : 16;
  // Many zero bytes, so that runs of zero groups of every length come up.
  for (std::size_t i = 0; i < size; ++i) {
    if (random() % 3 == 0) address.bytes[i] = static_cast<std::uint8_t>(random());
  }
  return address;
}

bool is_mapped(const Address& address) {
  const Address mapped{Family::kIpv6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};
  return covers(Prefix{mapped, 96}, address);
}

// The bit-by-bit definition.
bool slow_covers(const Prefix& outer, const Address& address) {
  if (outer.address.family != address.family) return false;
  for (int bit = 0; bit < outer.length; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> bit % 8;
    if ((outer.address.bytes[byte] & mask) != (address.bytes[byte] & mask)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("prefixes are read strictly and shown canonically") {
  const Good cases[] = {
      {"203.0.113.0/24", "203.0.113.0/24"},
      {"203.0.113.7", "203.0.113.7/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"255.255.255.255/32", "255.255.255.255/32"},
      {"172.0.0.10/16", "172.0.0.0/16", true},
      {"203.0.113.129/25", "203.0.113.128/25", true},
      {"255.255.255.255/0", "0.0.0.0/0", true},
      {"::", "::/128"},
      {"::/0", "::/0"},
      {"::1", "::1/128"},
      {"2001:db8:12::/48", "2001:db8:12::/48"},
      {"2001:0DB8:0012:0000:0000:0000:0000:0000/48", "2001:db8:12::/48"},
      {"2001:db8::1/32", "2001:db8::/32", true},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1/128"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1/128"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8/128"},
      {"64:ff9b::192.0.2.33", "64:ff9b::c000:221/128"},
      {"::192.0.2.33", "::c000:221/128"},
      {"1:2:3:4:5:6:192.0.2.33", "1:2:3:4:5:6:c000:221/128"},
      {"fe80::1", "fe80::1/128"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
       true},
      {"::fffe:0:0/95", "::fffe:0:0/95"},
  };
  for (const Good& good : cases) {
    CAPTURE(good.text);
    const auto parsed = parse_prefix(good.text);
    REQUIRE(parsed);
    CHECK(to_string(parsed->prefix) == good.shown);
    CHECK(parsed->host_bits == good.host_bits);
  }
}

TEST_CASE("what is not a prefix is refused with its reason") {
  const Bad cases[] = {
      {"", "address is missing"},
      {"/24", "address is missing"},
      {"office", "'office' is not an address"},
      {"example.com", "'example.com' is not an address"},
      {" 10.0.0.1", "' 10.0.0.1' is not an address"},
      {"-1.0.0.1", "'-1.0.0.1' is not an address"},
      {"10.0.0.1 ", "unexpected character U+0020 in octet '1 '"},
      {"10", "'10' has fewer than four octets"},
      {"10.0.0", "'10.0.0' has fewer than four octets"},
      {"10.0.0.", "octet is missing"},
      {"10..0.1", "octet is missing"},
      {"10.0.0.1.", "'10.0.0.1.' has more than four octets"},
      {"10.0.0.1.2", "'10.0.0.1.2' has more than four octets"},
      {"10.0.0.256", "octet '256' is larger than 255"},
      {"10.0.0.99999999999999999999", "octet '99999999999999999999' is larger than 255"},
      {"010.0.0.1", "leading zero in octet '010'"},
      {"10.0.0.00", "leading zero in octet '00'"},
      {"0x10.0.0.1", "unexpected character 'x' in octet '0x10'"},
      {"10.0.0.1x", "unexpected character 'x' in octet '1x'"},
      {"10.0.0.\xC2\xA0"
       "1",
       "unexpected character U+00A0 in octet '\xC2\xA0"
       "1'"},
      {"10.0.0.\xFF", "unexpected character 0xFF in octet '?'"},
      {"10.0.0.0/", "prefix length is missing"},
      {"10.0.0.0/33", "prefix length '33' is larger than 32"},
      {"10.0.0.0/08", "leading zero in prefix length '08'"},
      {"10.0.0.0/00", "leading zero in prefix length '00'"},
      {"10.0.0.0/-1", "unexpected character '-' in prefix length '-1'"},
      {"10.0.0.0/+8", "unexpected character '+' in prefix length '+8'"},
      {"10.0.0.0/8/9", "unexpected character '/' in prefix length '8/9'"},
      {"10.0.0.0/255.0.0.0", "netmask '255.0.0.0': write /8"},
      {"10.0.0.0/255.255.0.0", "netmask '255.255.0.0': write /16"},
      {"10.0.0.0/255.255.255.255", "netmask '255.255.255.255': write /32"},
      {"10.0.0.0/0.0.0.0", "netmask '0.0.0.0': write /0"},
      {"10.0.0.0/255.0.255.0", "netmask '255.0.255.0': write the number of bits, as in /24"},
      {"10.0.0.0/0.0.0.255", "netmask '0.0.0.255': write the number of bits, as in /24"},
      {"10.0.0.0/255.255", "netmask '255.255': write the number of bits, as in /24"},
      {"10.0.0.0/4294967304", "prefix length '4294967304' is larger than 32"},
      {"::/129", "prefix length '129' is larger than 128"},
      {"fe80::1%eth0", "zone id '%eth0': write the address without it"},
      {"10.0.0.1%1", "zone id '%1': write the address without it"},
      {"::ffff:10.0.0.1", "IPv4-mapped IPv6 address '::ffff:10.0.0.1': write '10.0.0.1'"},
      {"::ffff:a00:1", "IPv4-mapped IPv6 address '::ffff:a00:1': write '10.0.0.1'"},
      {"::ffff:0:0/96", "IPv4-mapped IPv6 range '::ffff:0:0/96': write '0.0.0.0/0'"},
      {"1:2:3:4:5:6:7", "'1:2:3:4:5:6:7' has 7 groups instead of 8"},
      {"1:2:3:4:5:6:7:8:9", "more than eight groups"},
      {"1:2:3:4:5:6:7:192.0.2.1", "more than eight groups"},
      {"1:2:3:4::5:6:7:8", "'1:2:3:4::5:6:7:8' has eight groups as well as '::'"},
      {"1::2::3", "a second '::'"},
      {":1::2", "the address begins with a single ':'"},
      {":", "the address begins with a single ':'"},
      {"1::2:", "the address ends with a single ':'"},
      {":::", "a group is missing between two colons"},
      {"1:::2", "a group is missing between two colons"},
      {"12345::", "group '12345' has more than four digits"},
      {"g::", "unexpected character 'g' in group 'g'"},
      {"[::1]", "unexpected character '[' in group '['"},
      {"192.0.2.1::", "unexpected character '.' in group '192.0.2.1'"},
      {"::192.0.2", "'192.0.2' has fewer than four octets"},
      {"::192.0.2.01", "leading zero in octet '01'"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.text);
    const auto parsed = parse_prefix(bad.text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message == bad.message);
  }
}

TEST_CASE("an address is refused where a prefix is meant") {
  CHECK(parse_address("10.0.0.1"));
  const auto reason = [](const char* text) { return parse_prefix(text).error().message; };
  CHECK(reason("::ffff:10.0.0.0/104") ==
        "IPv4-mapped IPv6 range '::ffff:10.0.0.0/104': write '10.0.0.0/8'");
  CHECK(reason("::ffff:0:0/96") == "IPv4-mapped IPv6 range '::ffff:0:0/96': write '0.0.0.0/0'");
  CHECK(reason("::ffff:0:0/95").find("all of IPv4") != std::string::npos);
  CHECK(reason("::ffff:10.0.0.0/129") ==
        "IPv4-mapped IPv6 address '::ffff:10.0.0.0': write '10.0.0.0'");
  CHECK(parse_address("10.0.0.0/8").error().message == "unexpected character '/' in octet '0/8'");
}

TEST_CASE("IPv6 addresses are shown as RFC 5952 says, IPv4-mapped ones in decimals") {
  Address address{Family::kIpv6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}};
  CHECK(to_string(address) == "::ffff:192.0.2.1");
  address.bytes[0] = 0x20;
  CHECK(to_string(address) == "2000::ffff:c000:201");
}

TEST_CASE("random addresses agree with the C library and read back") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const Address address = random_address(random);
    const std::string text = to_string(address);
    CAPTURE(text);
    std::array<std::uint8_t, 16> bytes{};
    const int family = address.family == Family::kIpv4 ? AF_INET : AF_INET6;
    REQUIRE(inet_pton(family, text.c_str(), bytes.data()) == 1);
    REQUIRE(bytes == address.bytes);
    const auto read = parse_address(text);
    REQUIRE(read.has_value() == !is_mapped(address));
    if (read) REQUIRE(*read == address);
  }
}

TEST_CASE("whatever is read as an address the C library reads the same") {
  constexpr std::string_view kAlphabet = "0123456789abcdef::::....";
  std::mt19937_64 random(11);
  int read = 0;
  for (int i = 0; i < 300000; ++i) {
    std::string text(1 + random() % 12, ' ');
    for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
    const auto address = parse_address(text);
    if (!address) continue;
    ++read;
    CAPTURE(text);
    std::array<std::uint8_t, 16> bytes{};
    const int family = address->family == Family::kIpv4 ? AF_INET : AF_INET6;
    REQUIRE(inet_pton(family, text.c_str(), bytes.data()) == 1);
    REQUIRE(bytes == address->bytes);
  }
  CHECK(read > 100);
}

TEST_CASE("a prefix covers what shares its bits, of its own family") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const Address inner = random_address(random);
    Address outer = random() % 2 == 0 ? inner : random_address(random);
    if (random() % 2 == 0)
      outer.bytes[random() % 16] ^= static_cast<std::uint8_t>(1 << random() % 8);
    const auto length = static_cast<std::uint8_t>(random() % (max_length(outer.family) + 1u));
    const Prefix prefix{outer, length};
    CAPTURE(to_string(prefix), to_string(inner));
    REQUIRE(covers(prefix, inner) == slow_covers(prefix, inner));
  }
  const Prefix wide = parse_prefix("10.0.0.0/8")->prefix;
  const Prefix narrow = parse_prefix("10.1.0.0/16")->prefix;
  CHECK(covers(wide, narrow));
  CHECK(covers(wide, wide));
  CHECK_FALSE(covers(narrow, wide));
  CHECK_FALSE(covers(parse_prefix("::/0")->prefix, wide));
}
