// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/suggestion.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>

#include "loader/policy/lookup.hpp"

namespace apiguard::propose {
namespace {

constexpr std::uint8_t kBlock4 = 24;
constexpr std::uint8_t kBlock6 = 64;
constexpr std::size_t kSeveral4 = 4;
constexpr std::size_t kSeveral6 = 2;
constexpr std::uint8_t kNibble = 4;

bool is_ipv4(const Prefix& prefix) { return prefix.address.family == Family::kIpv4; }

std::uint8_t min_length(Family family, const SuggestOptions& options) {
  return family == Family::kIpv4 ? options.min_length4 : options.min_length6;
}

Prefix cut_to(const Address& address, std::uint8_t length) {
  Prefix prefix{address, length};
  for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
    const int kept = std::clamp(int{length} - static_cast<int>(8 * i), 0, 8);
    prefix.address.bytes[i] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return prefix;
}

// The longest prefix that covers both; they are of one family.
Prefix cover(const Prefix& a, const Prefix& b) {
  std::uint8_t length = std::min(a.length, b.length);
  for (std::size_t i = 0; i < a.address.bytes.size(); ++i) {
    const auto differ = static_cast<std::uint8_t>(a.address.bytes[i] ^ b.address.bytes[i]);
    if (differ == 0) continue;
    length = std::min<std::uint8_t>(
        length,
        static_cast<std::uint8_t>(8 * i + static_cast<std::size_t>(std::countl_zero(differ))));
    break;
  }
  return cut_to(a.address, length);
}

std::uint8_t block_length(Family family, const SuggestOptions& options) {
  const std::uint8_t block = family == Family::kIpv4 ? kBlock4 : kBlock6;
  return std::max(block, min_length(family, options));
}

Prefix block_of(const Address& address, const SuggestOptions& options) {
  return cut_to(address, block_length(address.family, options));
}

// fe80::/10 is everybody on every link, and no network.
bool is_link_local(const Address& address) {
  return address.family == Family::kIpv6 && address.bytes[0] == 0xfe &&
         (address.bytes[1] & 0xc0) == 0x80;
}

// The prefix to propose for two together.
Prefix around(const Prefix& a, const Prefix& b, const SuggestOptions& options) {
  const Prefix all = cover(a, b);
  if (is_ipv4(all)) return all;
  const std::uint8_t block = block_length(Family::kIpv6, options);
  if (all.length >= block) return cut_to(all.address, block);
  return cut_to(all.address, static_cast<std::uint8_t>(all.length - all.length % kNibble));
}

Suggestion joined(const Suggestion& a, const Suggestion& b, const SuggestOptions& options) {
  return {around(a.cidr, b.cidr, options),
          a.sources + b.sources,
          a.connections + b.connections,
          std::max(a.days, b.days),
          false,
          std::nullopt};
}

Suggestion single(const AuditSource& source) {
  Suggestion one{{source.source, max_length(source.source.family)},
                 1,
                 source.connections,
                 source.days,
                 false,
                 std::nullopt};
  if (looks_random(source.source) && !is_link_local(source.source))
    one.network = cut_to(source.source, kBlock6);
  return one;
}

using Blocks = std::map<Prefix, std::size_t>;

// Within one block: all in one if they are several, else one by one.
void add_block(std::vector<Suggestion>::const_iterator begin,
               std::vector<Suggestion>::const_iterator end, std::size_t count,
               const SuggestOptions& options, std::vector<Suggestion>& result) {
  const Address& address = begin->cidr.address;
  if (is_link_local(address) || count < (is_ipv4(begin->cidr) ? kSeveral4 : kSeveral6)) {
    result.insert(result.end(), begin, end);
    return;
  }
  Suggestion all = *begin;
  for (auto it = std::next(begin); it != end; ++it) all = joined(all, *it, options);
  if (!is_ipv4(all.cidr)) all.cidr = block_of(address, options);
  all.network.reset();
  result.push_back(all);
}

// By prefix, as they come. `beside`: sources of a block that are no part of these.
std::vector<Suggestion> join_blocks(const std::vector<Suggestion>& singles, const Blocks& beside,
                                    const SuggestOptions& options) {
  std::vector<Suggestion> result;
  for (auto begin = singles.begin(); begin != singles.end();) {
    const Prefix block = block_of(begin->cidr.address, options);
    const auto end = std::find_if(begin, singles.end(), [&](const Suggestion& each) {
      return block_of(each.cidr.address, options) != block;
    });
    const auto others = beside.find(block);
    const auto count = static_cast<std::size_t>(std::distance(begin, end));
    add_block(begin, end, count + (others == beside.end() ? 0 : others->second), options, result);
    begin = end;
  }
  return result;
}

// Addresses that putting these two together would add; none if that is not allowed.
std::optional<double> cost(const Suggestion& a, const Suggestion& b,
                           const SuggestOptions& options) {
  const Family family = a.cidr.address.family;
  if (family != b.cidr.address.family) return std::nullopt;
  const Prefix all = around(a.cidr, b.cidr, options);
  if (all.length < min_length(family, options)) return std::nullopt;
  const auto size = [&](const Prefix& prefix) {
    return std::ldexp(1.0, max_length(family) - prefix.length);
  };
  return size(all) - size(a.cidr) - size(b.cidr);
}

// This one and the next, and the neighbours that lie in what these two come to.
void put_together(std::vector<Suggestion>& ranges, std::size_t at, const SuggestOptions& options) {
  Suggestion all = joined(ranges[at], ranges[at + 1], options);
  std::size_t begin = at, end = at + 2;
  const auto take = [&](const Suggestion& one) {
    const Prefix cidr = all.cidr;
    all = joined(all, one, options);
    all.cidr = cidr;
  };
  for (; end < ranges.size() && covers(all.cidr, ranges[end].cidr); ++end) take(ranges[end]);
  for (; begin > 0 && covers(all.cidr, ranges[begin - 1].cidr); --begin) take(ranges[begin - 1]);
  ranges[begin] = all;
  ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(begin) + 1,
               ranges.begin() + static_cast<std::ptrdiff_t>(end));
}

// Neighbours only: whatever covers two that are none covers what lies between them.
void join_until(std::vector<Suggestion>& ranges, const SuggestOptions& options) {
  while (options.max_ranges != 0 && ranges.size() > options.max_ranges) {
    std::optional<double> least;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < ranges.size(); ++i) {
      const auto added = cost(ranges[i], ranges[i + 1], options);
      if (!added || (least && *added >= *least)) continue;
      least = added;
      at = i;
    }
    if (!least) return;
    put_together(ranges, at, options);
  }
}

void add_listed(std::map<Prefix, Suggestion>& listed, const Prefix& prefix,
                const AuditSource& source) {
  Suggestion& sum = listed[prefix];
  sum.cidr = prefix;
  sum.listed = true;
  ++sum.sources;
  sum.connections += source.connections;
  sum.days = std::max(sum.days, source.days);
}

// Reads as a decimal number up to 255 where it is written in hexadecimal: "1", "20", "192".
bool reads_as_octet(unsigned word) {
  const unsigned hundreds = word >> 8, tens = word >> 4 & 0xf, ones = word & 0xf;
  return hundreds <= 2 && tens <= 9 && ones <= 9 && hundreds * 100 + tens * 10 + ones <= 255;
}

}  // namespace

bool looks_random(const Address& address) {
  if (address.family != Family::kIpv6) return false;
  if (address.bytes[11] == 0xff && address.bytes[12] == 0xfe) return false;
  std::size_t zeros = 0, octets = 0;
  constexpr std::size_t kHalf = 8;
  for (std::size_t i = kHalf; i < address.bytes.size(); i += 2) {
    const unsigned word = unsigned{address.bytes[i]} << 8U | address.bytes[i + 1];
    if (word == 0) ++zeros;
    if (reads_as_octet(word)) ++octets;
  }
  return zeros < 2 && octets < 4;
}

Suggestions suggest(const std::vector<AuditSource>& sources, const std::vector<Range>& ranges,
                    Timestamp now, const SuggestOptions& options) {
  std::vector<Address> addresses;
  addresses.reserve(sources.size());
  for (const AuditSource& source : sources) addresses.push_back(source.source);
  const auto deciding = deciding_for(ranges, addresses, now);

  Suggestions result;
  std::map<Prefix, Suggestion> listed;
  std::vector<Suggestion> singles;
  Blocks listed6;  // by addresses longer than a block
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (admits(deciding[i])) {
      add_listed(listed, deciding[i]->prefix, sources[i]);
      const Prefix block = block_of(sources[i].source, options);
      if (!is_ipv4(block) && deciding[i]->prefix.length > block.length) ++listed6[block];
    } else if (deciding[i] != nullptr) {
      ++result.excepted;
    } else {
      singles.push_back(single(sources[i]));
    }
  }
  const auto by_prefix = [](const Suggestion& a, const Suggestion& b) { return a.cidr < b.cidr; };
  std::sort(singles.begin(), singles.end(), by_prefix);
  result.ranges = join_blocks(singles, listed6, options);
  join_until(result.ranges, options);
  for (const auto& [prefix, suggestion] : listed) result.ranges.push_back(suggestion);
  std::sort(result.ranges.begin(), result.ranges.end(), by_prefix);
  return result;
}

}  // namespace apiguard::propose
