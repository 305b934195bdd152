// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "loader/compile/boot_end.hpp"
#include "loader/compile/compile.hpp"

namespace apiguard {
namespace {

// apiguard/judge.h and the model number these alike, so that a cast is a translation.
static_assert(static_cast<int>(Mode::kOff) == APIGUARD_MODE_OFF);
static_assert(static_cast<int>(Mode::kAudit) == APIGUARD_MODE_AUDIT);
static_assert(static_cast<int>(Mode::kEnforce) == APIGUARD_MODE_ENFORCE);
static_assert(static_cast<int>(Family::kIpv4) == APIGUARD_IPV4);
static_assert(static_cast<int>(Family::kIpv6) == APIGUARD_IPV6);

// What the deciding entries of one prefix come to.
struct Ends {
  __u64 except = 0;
  __u64 allow = 0;

  // From then on the prefixes around it decide.
  [[nodiscard]] __u64 last() const { return std::max(except, allow); }
  [[nodiscard]] bool finite() const {
    return (except != 0 && except != APIGUARD_WITHOUT_END) ||
           (allow != 0 && allow != APIGUARD_WITHOUT_END);
  }
};

Ends ends_of(RangeSpan entries, const Now& now) {
  Ends ends;
  for (const Range* entry : entries) {
    __u64& end = entry->kind == Kind::kExcept ? ends.except : ends.allow;
    end = boot_end_of(*entry, now);
  }
  return ends;
}

// A prefix that covers the one at hand.
struct Cover {
  const Range* range;
  __u64 last;
  // Lookups that the prefix can cost when all its entries have ended, with those of what follows
  // it. A prefix is one step, however many ends it has: a lookup finds both of them.
  unsigned steps;
};

class Nesting {
 public:
  // Returns the value of a prefix, `range` being its entry that ends last; prefixes come in sorted
  // order.
  Result<apiguard_range> place(const Range& range, const Ends& ends) {
    while (!covers_.empty() && !covers(covers_.back().range->prefix, range.prefix))
      covers_.pop_back();
    apiguard_range value{};
    value.except_until = ends.except | range.prefix.length;
    value.allow_until = ends.allow | APIGUARD_NO_NEXT;
    unsigned steps = 1;
    if (const Cover* next = following(ends.last())) {
      value.allow_until = ends.allow | next->range->prefix.length;
      steps += next->steps;
    }
    if (steps > APIGUARD_MAX_EXPIRY_STEPS) return too_deep(range);
    covers_.push_back({&range, ends.last(), steps});
    return value;
  }

 private:
  // What decides from `last` on: the nearest cover that ends later. By the ends that the kernel
  // gets, so that it finds none of those live that are passed over here.
  [[nodiscard]] const Cover* following(__u64 last) const {
    const auto found = std::find_if(covers_.rbegin(), covers_.rend(),
                                    [&](const Cover& cover) { return cover.last > last; });
    return found == covers_.rend() ? nullptr : &*found;
  }

  static tl::unexpected<Error> too_deep(const Range& range) {
    return fail(Exit::kBadFile,
                fmt::format("range '{}' ({}): nested in more than {} ranges that expire one after "
                            "another: make one of them permanent or remove some",
                            to_string(range.prefix), to_string(range.origin),
                            APIGUARD_MAX_EXPIRY_STEPS - 1));
  }

  // Widest first. A stack will do, because the list is sorted by address, then length.
  std::vector<Cover> covers_;
};

// The entries of the prefix that begins at `begin`.
RangeSpan entries_at(RangeSpan ranges, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < ranges.size() && ranges[end]->prefix == ranges[begin]->prefix) ++end;
  return ranges.subspan(begin, end - begin);
}

// Deciding ranges of one family.
template <typename Key>
Result<Shards<Key>> place_ranges(RangeSpan ranges, const Now& now, apiguard_settings& settings) {
  Nesting nesting;
  ShardBuilder<Key> shards(shard_capacity(ranges.size()));
  for (std::size_t at = 0; at < ranges.size();) {
    const RangeSpan entries = entries_at(ranges, at);
    const Ends ends = ends_of(entries, now);
    const auto value = nesting.place(*entries.back(), ends);
    if (!value) return fail(value.error());
    if (ends.finite()) settings.has_ends = 1;
    shards.add(entries.front()->prefix, *value);
    at += entries.size();
  }
  return shards.finish();
}

void place_index(Image& image, RangeSpan ipv4, RangeSpan ipv6) {
  image.index4 = index4(ipv4);
  image.index6 = index6(ipv6);
  image.settings.whole4 = static_cast<__u8>(image.index4.whole);
  image.settings.whole6 = static_cast<__u8>(image.index6.whole);
  image.settings.outside6 = static_cast<__u8>(image.index6.outside);
  image.settings.shared6 = image.index6.shared;
  image.settings.shared6_len = static_cast<__u8>(image.index6.shared_len);
}

apiguard_endpoint endpoint(const Endpoint& from) {
  apiguard_endpoint to{};
  to.port = htons(from.port);
  if (from.address) {
    to.family = static_cast<__u8>(from.address->family);
    std::memcpy(to.address, from.address->bytes.data(), sizeof(to.address));
  }
  return to;
}

Result<> place_endpoints(Image& image, const std::vector<Endpoint>& endpoints) {
  if (endpoints.size() > APIGUARD_MAX_ENDPOINTS) {
    return fail(Exit::kBadFile, fmt::format("endpoints: {} are configured, {} is the limit",
                                            endpoints.size(), APIGUARD_MAX_ENDPOINTS));
  }
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    image.settings.endpoints[i] = endpoint(endpoints[i]);
  }
  image.settings.endpoint_count = static_cast<__u8>(endpoints.size());
  return {};
}

}  // namespace

Result<Image> compile(const Policy& policy, std::uint64_t generation, const Now& now) {
  Image image;
  image.settings.generation = generation;
  image.settings.abi = APIGUARD_ABI;
  image.settings.mode = static_cast<__u8>(policy.mode);
  if (auto placed = place_endpoints(image, policy.endpoints); !placed) return fail(placed.error());
  if (policy.mode == Mode::kOff) return image;
  const RangeRefs all = deciding_ranges(policy.ranges);
  // The families lie one behind the other.
  const auto ipv6 = std::find_if(all.begin(), all.end(), [](const Range* range) {
    return range->prefix.address.family == Family::kIpv6;
  });
  const RangeSpan ranges4(all.begin(), ipv6);
  const RangeSpan ranges6(ipv6, all.end());
  auto placed4 = place_ranges<apiguard_key4>(ranges4, now, image.settings);
  if (!placed4) return fail(placed4.error());
  auto placed6 = place_ranges<apiguard_key6>(ranges6, now, image.settings);
  if (!placed6) return fail(placed6.error());
  image.ranges4 = std::move(*placed4);
  image.ranges6 = std::move(*placed6);
  place_index(image, ranges4, ranges6);
  return image;
}

std::vector<Endpoint> endpoints_of(const apiguard_settings& settings) {
  std::vector<Endpoint> endpoints;
  const std::size_t count = std::min<std::size_t>(settings.endpoint_count, APIGUARD_MAX_ENDPOINTS);
  for (std::size_t i = 0; i < count; ++i) {
    const apiguard_endpoint& from = settings.endpoints[i];
    Endpoint to;
    to.port = ntohs(from.port);
    if (from.family != APIGUARD_ANY_ADDRESS) {
      to.address = Address{static_cast<Family>(from.family), {}};
      std::memcpy(to.address->bytes.data(), from.address, sizeof(from.address));
    }
    endpoints.push_back(to);
  }
  return endpoints;
}

}  // namespace apiguard
