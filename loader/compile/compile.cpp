// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "loader/compile/image.hpp"

namespace apiguard {
namespace {

// abi.h and the model number these alike, so that a cast is a translation.
static_assert(static_cast<int>(Mode::kOff) == APIGUARD_MODE_OFF);
static_assert(static_cast<int>(Mode::kAudit) == APIGUARD_MODE_AUDIT);
static_assert(static_cast<int>(Mode::kEnforce) == APIGUARD_MODE_ENFORCE);
static_assert(static_cast<int>(Kind::kAllow) == APIGUARD_ALLOW);
static_assert(static_cast<int>(Kind::kExcept) == APIGUARD_EXCEPT);
static_assert(static_cast<int>(Kind::kCluster) == APIGUARD_CLUSTER);
static_assert(static_cast<int>(Family::kIpv4) == APIGUARD_IPV4);
static_assert(static_cast<int>(Family::kIpv6) == APIGUARD_IPV6);

// Deadline on the boot-time clock. What ended before the boot gets 1: past, but not 0, which is
// permanent.
std::uint64_t deadline(const Range& range, const Now& now) {
  if (!range.until) return 0;
  // In 128 bits: `until` may lie centuries away from a wall clock that is wrong.
  __extension__ using Wide = __int128;
  const Wide boot = static_cast<Wide>(now.boot) + *range.until - now.wall;
  if (boot <= 1) return 1;
  constexpr std::uint64_t kNever = ~std::uint64_t{0};
  return boot >= kNever ? kNever : static_cast<std::uint64_t>(boot);
}

bool ends_later(const Range& cover, const Range& range) {
  return !cover.until || *cover.until > *range.until;
}

// The ranges that cover the one at hand, widest first: a stack, because the list is sorted by
// address, then length. Steps counts the lookups that the range can cost when it and what follows
// it has ended.
struct Cover {
  const Range* range;
  unsigned steps;
};

class Nesting {
 public:
  // Returns the entry's value; ranges come in sorted order.
  Result<apiguard_range> place(const Range& range, std::uint32_t id, const Now& now) {
    while (!covers_.empty() && !covers(covers_.back().range->prefix, range.prefix))
      covers_.pop_back();
    apiguard_range value{};
    value.until = deadline(range, now);
    value.id = id;
    value.kind = static_cast<__u8>(range.kind);
    value.prefix_len = range.prefix.length;
    unsigned steps = 1;
    if (const Cover* next = following(range)) {
      value.has_next = 1;
      value.next_len = next->range->prefix.length;
      steps += next->steps;
    }
    if (steps > APIGUARD_MAX_EXPIRY_STEPS) return too_deep(range);
    covers_.push_back({&range, steps});
    return value;
  }

 private:
  // What decides once `range` has ended: the nearest cover that ends later.
  [[nodiscard]] const Cover* following(const Range& range) const {
    if (!range.until) return nullptr;
    const auto found = std::find_if(covers_.rbegin(), covers_.rend(), [&](const Cover& cover) {
      return ends_later(*cover.range, range);
    });
    return found == covers_.rend() ? nullptr : &*found;
  }

  static tl::unexpected<Error> too_deep(const Range& range) {
    return fail(Exit::kBadFile,
                fmt::format("range '{}' ({}): nested in more than {} ranges that end one after "
                            "another: make one of them permanent or take some out",
                            to_string(range.prefix), to_string(range.origin),
                            APIGUARD_MAX_EXPIRY_STEPS - 1));
  }

  std::vector<Cover> covers_;
};

// `ranges` of one family; the first has the id `first_id`.
template <typename Key>
Result<Shards<Key>> place_ranges(RangeSpan ranges, std::size_t first_id, const Now& now,
                                 apiguard_settings& settings) {
  Nesting nesting;
  ShardBuilder<Key> shards(shard_capacity(ranges.size()));
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto value = nesting.place(*ranges[i], static_cast<std::uint32_t>(first_id + i), now);
    if (!value) return fail(value.error());
    if (value->until != 0) settings.has_deadlines = 1;
    shards.add(ranges[i]->prefix, *value);
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
  auto placed4 = place_ranges<apiguard_key4>(ranges4, 0, now, image.settings);
  if (!placed4) return fail(placed4.error());
  auto placed6 = place_ranges<apiguard_key6>(ranges6, ranges4.size(), now, image.settings);
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
