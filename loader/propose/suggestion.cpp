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

Suggestion joined(const Suggestion& a, const Suggestion& b) {
  return {cover(a.cidr, b.cidr), a.sources + b.sources, a.connections + b.connections,
          std::max(a.days, b.days), false};
}

Suggestion single(const SeenSource& source) {
  return {
      {source.source, max_length(source.source.family)}, 1, source.connections, source.days, false};
}

// Within one block: all in one if they are several, else one by one.
void add_block(std::vector<Suggestion>::const_iterator begin,
               std::vector<Suggestion>::const_iterator end, std::vector<Suggestion>& result) {
  const auto count = static_cast<std::size_t>(std::distance(begin, end));
  if (count < (is_ipv4(begin->cidr) ? kSeveral4 : kSeveral6)) {
    result.insert(result.end(), begin, end);
    return;
  }
  Suggestion all = *begin;
  for (auto it = std::next(begin); it != end; ++it) all = joined(all, *it);
  result.push_back(all);
}

// By prefix, as they come.
std::vector<Suggestion> join_blocks(const std::vector<Suggestion>& singles,
                                    const SuggestOptions& options) {
  const auto block_of = [&](const Suggestion& each) {
    const Family family = each.cidr.address.family;
    const std::uint8_t block = family == Family::kIpv4 ? kBlock4 : kBlock6;
    return cut_to(each.cidr.address, std::max(block, min_length(family, options)));
  };
  std::vector<Suggestion> result;
  for (auto begin = singles.begin(); begin != singles.end();) {
    const Prefix block = block_of(*begin);
    const auto end = std::find_if(begin, singles.end(),
                                  [&](const Suggestion& each) { return block_of(each) != block; });
    add_block(begin, end, result);
    begin = end;
  }
  return result;
}

// Addresses that putting these two together would add; none if that is not allowed.
std::optional<double> cost(const Suggestion& a, const Suggestion& b,
                           const SuggestOptions& options) {
  const Family family = a.cidr.address.family;
  if (family != b.cidr.address.family) return std::nullopt;
  const Prefix all = cover(a.cidr, b.cidr);
  if (all.length < min_length(family, options)) return std::nullopt;
  const auto size = [&](const Prefix& prefix) {
    return std::ldexp(1.0, max_length(family) - prefix.length);
  };
  return size(all) - size(a.cidr) - size(b.cidr);
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
    ranges[at] = joined(ranges[at], ranges[at + 1]);
    ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

void add_listed(std::map<Prefix, Suggestion>& listed, const Prefix& prefix,
                const SeenSource& source) {
  Suggestion& sum = listed[prefix];
  sum.cidr = prefix;
  sum.listed = true;
  ++sum.sources;
  sum.connections += source.connections;
  sum.days = std::max(sum.days, source.days);
}

}  // namespace

Suggestions suggest(const std::vector<SeenSource>& sources, const std::vector<Range>& ranges,
                    Timestamp now, const SuggestOptions& options) {
  std::vector<Address> addresses;
  addresses.reserve(sources.size());
  for (const SeenSource& source : sources) addresses.push_back(source.source);
  const auto deciding = deciding_for(ranges, addresses, now);

  Suggestions result;
  std::map<Prefix, Suggestion> listed;
  std::vector<Suggestion> singles;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (admits(deciding[i])) {
      add_listed(listed, deciding[i]->prefix, sources[i]);
    } else if (deciding[i] != nullptr) {
      ++result.excepted;
    } else {
      singles.push_back(single(sources[i]));
    }
  }
  const auto by_prefix = [](const Suggestion& a, const Suggestion& b) { return a.cidr < b.cidr; };
  std::sort(singles.begin(), singles.end(), by_prefix);
  result.ranges = join_blocks(singles, options);
  join_until(result.ranges, options);
  for (const auto& [prefix, suggestion] : listed) result.ranges.push_back(suggestion);
  std::sort(result.ranges.begin(), result.ranges.end(), by_prefix);
  return result;
}

}  // namespace apiguard::propose
