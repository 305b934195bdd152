// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Text -> address, prefix, number: strict, so that no reader of the same text sees another address.
// RFC 4291 section 2.2 says what an IPv6 address looks like; IPv4 is four decimal octets alone.
#include "loader/policy/scan.hpp"

#include <algorithm>
#include <bit>
#include <optional>

#include <fmt/format.h>

#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kGroups = 8;

struct Ipv6Text {
  std::array<std::uint16_t, kGroups> groups{};
  std::size_t count = 0;
  // groups in front of "::"; more than eight: there is none
  std::size_t gap = kGroups + 1;

  bool has_gap() const { return gap <= kGroups; }
};

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Scanned<Address> scan_ipv4(std::string_view text) {
  if (text.empty() || !is_digit(text[0])) return flaw(0, quote(text) + " is not an address");
  Address address;
  std::size_t at = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = std::min(text.find('.', at), text.size());
    const auto octet = scan_number(text.substr(at, dot - at), 255, "octet");
    if (!octet) return flaw_in(at, octet.error());
    address.bytes[i] = static_cast<std::uint8_t>(*octet);
    if (i == 3 && dot < text.size()) return flaw(dot, quote(text) + " has more than four octets");
    if (i < 3 && dot == text.size()) return flaw(0, quote(text) + " has fewer than four octets");
    at = dot + 1;
  }
  return address;
}

Scanned<std::uint16_t> scan_group(std::string_view text) {
  if (text.empty()) return flaw(0, "a group is missing between two colons");
  unsigned value = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0) {
      return flaw(i, fmt::format("unexpected character {} in group {}", describe(decode(text, i)),
                                 quote(text)));
    }
    if (i == 4) return flaw(0, "group " + quote(text) + " has more than four digits");
    value = value << 4 | static_cast<unsigned>(digit);
  }
  return static_cast<std::uint16_t>(value);
}

// One group, or the two that a dotted ending stands for.
Scanned<Ipv6Text> add_piece(Ipv6Text parsed, std::string_view piece, bool last) {
  const bool dotted = last && piece.find('.') != std::string_view::npos;
  if (parsed.count + (dotted ? 2 : 1) > kGroups) return flaw(0, "more than eight groups");
  if (!dotted) {
    const auto group = scan_group(piece);
    if (!group) return tl::unexpected<Flaw>(group.error());
    parsed.groups[parsed.count++] = *group;
    return parsed;
  }
  const auto tail = scan_ipv4(piece);
  if (!tail) return tl::unexpected<Flaw>(tail.error());
  for (std::size_t i = 0; i < 4; i += 2) {
    parsed.groups[parsed.count++] =
        static_cast<std::uint16_t>(tail->bytes[i] << 8 | tail->bytes[i + 1]);
  }
  return parsed;
}

Scanned<Ipv6Text> scan_groups(std::string_view text) {
  Ipv6Text parsed;
  std::size_t at = 0;
  if (text.substr(0, 2) == "::") {
    parsed.gap = 0;
    at = 2;
  } else if (text[0] == ':') {
    return flaw(0, "the address begins with a single ':'");
  }
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(':', at), text.size());
    auto next = add_piece(parsed, text.substr(at, end - at), end == text.size());
    if (!next) return flaw_in(at, next.error());
    parsed = *next;
    if (end == text.size()) break;
    at = end + 1;
    if (at == text.size()) return flaw(end, "the address ends with a single ':'");
    if (text[at] != ':') continue;
    if (parsed.has_gap()) return flaw(end, "a second '::'");
    parsed.gap = parsed.count;
    ++at;
  }
  return parsed;
}

Address spread(const Ipv6Text& parsed) {
  Address address{Family::kIpv6, {}};
  for (std::size_t i = 0; i < parsed.count; ++i) {
    const std::size_t slot = i < parsed.gap ? i : i + kGroups - parsed.count;
    address.bytes[2 * slot] = static_cast<std::uint8_t>(parsed.groups[i] >> 8);
    address.bytes[2 * slot + 1] = static_cast<std::uint8_t>(parsed.groups[i] & 0xff);
  }
  return address;
}

bool is_mapped(const Address& address) {
  const auto& bytes = address.bytes;
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

// Mapped addresses, too.
Scanned<Address> scan_any_ipv6(std::string_view text) {
  const auto parsed = scan_groups(text);
  if (!parsed) return tl::unexpected<Flaw>(parsed.error());
  if (!parsed->has_gap() && parsed->count != kGroups) {
    return flaw(0, fmt::format("{} has {} groups instead of 8", quote(text), parsed->count));
  }
  if (parsed->has_gap() && parsed->count == kGroups) {
    return flaw(0, quote(text) + " has eight groups as well as '::'");
  }
  return spread(*parsed);
}

std::string plain_ipv4(const Address& mapped) {
  return to_string(mapped).substr(std::string_view("::ffff:").size());
}

Scanned<Address> scan_ipv6(std::string_view text) {
  auto address = scan_any_ipv6(text);
  if (!address || !is_mapped(*address)) return address;
  return flaw(
      0, fmt::format("IPv4-mapped IPv6 address {}: write '{}'", quote(text), plain_ipv4(*address)));
}

// What "255.255.0.0" is in bits; of no netmask: an example.
std::string bits_of(std::string_view netmask) {
  const auto mask = scan_ipv4(netmask);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; mask && i < 4; ++i) bits = bits << 8 | mask->bytes[i];
  const int length = std::countl_one(bits);
  const bool plain = mask && (length == 32 || bits << length == 0);
  return plain ? fmt::format("write /{}", length) : "write the number of bits, as in /24";
}

Scanned<std::uint8_t> scan_length(std::string_view text, Family family) {
  if (text.find('.') != std::string_view::npos) {
    return flaw(0, fmt::format("netmask {}: {}", quote(text), bits_of(text)));
  }
  const auto length = scan_number(text, max_length(family), "prefix length");
  if (!length) return tl::unexpected<Flaw>(length.error());
  return static_cast<std::uint8_t>(*length);
}

// Takes up to three digits without a leading zero off the front; -1 if there are none.
int take_number(std::string_view& text) {
  std::size_t size = 0;
  int value = 0;
  while (size < text.size() && size < 3 && is_digit(text[size]))
    value = value * 10 + (text[size++] - '0');
  if (size == 0 || (size > 1 && text[0] == '0')) return -1;
  text.remove_prefix(size);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

// What nearly every line of a long list is: an IPv4 address and a length. Nothing if there is
// anything else about it: the careful readers say what.
std::optional<ParsedPrefix> scan_plain_ipv4(std::string_view text) {
  Address address;
  for (std::size_t i = 0; i < 4; ++i) {
    const int octet = i == 0 || take(text, '.') ? take_number(text) : -1;
    if (octet < 0 || octet > 255) return std::nullopt;
    address.bytes[i] = static_cast<std::uint8_t>(octet);
  }
  const int length = take(text, '/') ? take_number(text) : -1;
  if (length < 0 || length > 32 || !text.empty()) return std::nullopt;
  const auto bits = static_cast<std::uint8_t>(length);
  const Prefix prefix = prefix_around(address, bits);
  return ParsedPrefix{prefix, prefix.address != address};
}

// "::ffff:10.0.0.0/104" is 10.0.0.0/8. Nothing if the address is not mapped, or the length none.
std::optional<Flaw> mapped_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.find(':') == std::string_view::npos) return {};
  const auto address = scan_any_ipv6(text.substr(0, slash));
  const auto length = scan_length(text.substr(slash + 1), Family::kIpv6);
  if (!address || !is_mapped(*address) || !length) return {};
  constexpr std::uint8_t kMapped = 96;
  if (*length < kMapped)
    return Flaw{0, fmt::format("IPv4-mapped IPv6 range {}: it holds all of IPv4: write "
                               "'0.0.0.0/0'",
                               quote(text))};
  return Flaw{0, fmt::format("IPv4-mapped IPv6 range {}: write '{}/{}'", quote(text),
                             plain_ipv4(*address), *length - kMapped)};
}

}  // namespace

Scanned<std::uint32_t> scan_number(std::string_view digits, std::uint32_t limit,
                                   std::string_view what) {
  if (digits.empty()) return flaw(0, fmt::format("{} is missing", what));
  std::uint32_t value = 0;
  bool large = false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (!is_digit(digits[i])) {
      return flaw(i, fmt::format("unexpected character {} in {} {}", describe(decode(digits, i)),
                                 what, quote(digits)));
    }
    if (!large) value = value * 10 + static_cast<std::uint32_t>(digits[i] - '0');
    large = large || value > limit;
  }
  if (digits.size() > 1 && digits[0] == '0') {
    return flaw(0, fmt::format("leading zero in {} {}", what, quote(digits)));
  }
  if (large) return flaw(0, fmt::format("{} {} is larger than {}", what, quote(digits), limit));
  return value;
}

Scanned<Address> scan_address(std::string_view text) {
  if (text.empty()) return flaw(0, "address is missing");
  if (const std::size_t zone = text.find('%'); zone != std::string_view::npos) {
    return flaw(zone, "zone id " + quote(text.substr(zone)) + ": write the address without it");
  }
  return text.find(':') == std::string_view::npos ? scan_ipv4(text) : scan_ipv6(text);
}

Scanned<ParsedPrefix> scan_prefix(std::string_view text) {
  if (const auto plain = scan_plain_ipv4(text)) return *plain;
  const std::size_t slash = text.find('/');
  const auto address = scan_address(text.substr(0, slash));
  if (!address) return tl::unexpected<Flaw>(mapped_range(text).value_or(address.error()));
  std::uint8_t length = max_length(address->family);
  if (slash != std::string_view::npos) {
    const auto scanned = scan_length(text.substr(slash + 1), address->family);
    if (!scanned) return flaw_in(slash + 1, scanned.error());
    length = *scanned;
  }
  const Prefix prefix = prefix_around(*address, length);
  return ParsedPrefix{prefix, prefix.address != *address};
}

Result<Address> parse_address(std::string_view text) {
  const auto address = scan_address(text);
  if (!address) return fail(Exit::kUsage, address.error().message);
  return *address;
}

Result<ParsedPrefix> parse_prefix(std::string_view text) {
  const auto prefix = scan_prefix(text);
  if (!prefix) return fail(Exit::kUsage, prefix.error().message);
  return *prefix;
}

}  // namespace apiguard
