// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policies and the whole of what compile makes of them.
#include "loader/compile/image.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kSecond = 1'000'000'000;
constexpr Timestamp kWall = 1'767'225'600 * kSecond;
constexpr std::uint64_t kBoot = 5'000 * static_cast<std::uint64_t>(kSecond);
constexpr Now kNow{.wall = kWall, .boot = kBoot};

Range range(Kind kind, std::string_view cidr, std::optional<Timestamp> until = std::nullopt) {
  auto parsed = parse_prefix(cidr);
  REQUIRE(parsed);
  return {.prefix = parsed->prefix, .kind = kind, .name = {}, .until = until, .origin = {}};
}

Range allow(std::string_view cidr, std::optional<Timestamp> until = std::nullopt) {
  return range(Kind::kAllow, cidr, until);
}

Range except(std::string_view cidr, std::optional<Timestamp> until = std::nullopt) {
  return range(Kind::kExcept, cidr, until);
}

Policy policy_of(std::vector<Range> ranges) {
  Policy policy;
  policy.endpoints = {{.address = std::nullopt, .port = 6443}};
  policy.ranges = std::move(ranges);
  return policy;
}

Image compiled(const Policy& policy) {
  auto image = compile(policy, 17, kNow);
  if (!image) FAIL(image.error().message);
  return std::move(*image);
}

// The deadline as a test reads it: seconds from kBoot, "ended" or nothing.
std::string show(std::uint64_t until) {
  if (until == 0) return "";
  if (until <= kBoot) return " ended";
  return " +" + std::to_string((until - kBoot) / static_cast<std::uint64_t>(kSecond)) + "s";
}

template <typename Key>
struct Entry {
  Key key;
  apiguard_range value;
};

// Those of short lists, which are one shard.
template <typename Key>
std::vector<Entry<Key>> entries(const Shards<Key>& shards) {
  REQUIRE(shards.size() <= 1);
  std::vector<Entry<Key>> out;
  for (const Shard<Key>& shard : shards) {
    for (std::size_t i = 0; i < shard.keys.size(); ++i)
      out.push_back({shard.keys[i], shard.values[i]});
  }
  return out;
}

template <typename Key>
std::string show(Family family, const Entry<Key>& entry) {
  Address address{.family = family, .bytes = {}};
  std::memcpy(address.bytes.data(), entry.key.address, sizeof(entry.key.address));
  std::string line = to_string(address) + "/" + std::to_string(entry.key.prefix_len);
  line += " id=" + std::to_string(entry.value.id) + " kind=" + std::to_string(entry.value.kind);
  line += " len=" + std::to_string(entry.value.prefix_len) + show(entry.value.until);
  if (entry.value.has_next != 0) line += " next=" + std::to_string(entry.value.next_len);
  return line + "\n";
}

std::string show(const Image& image) {
  std::string text;
  for (const auto& entry : entries(image.ranges4)) text += show(Family::kIpv4, entry);
  for (const auto& entry : entries(image.ranges6)) text += show(Family::kIpv6, entry);
  return text;
}

bool same_bytes(const Image& a, const Image& b) {
  const auto equal = [](const auto& x, const auto& y) {
    return x.size() == y.size() &&
           (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(x[0])) == 0);
  };
  // Not as Entry, which has padding.
  const auto alike = [&](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [&](const auto& one, const auto& other) {
                        return equal(one.keys, other.keys) && equal(one.values, other.values);
                      });
  };
  return std::memcmp(&a.settings, &b.settings, sizeof(a.settings)) == 0 &&
         alike(a.ranges4, b.ranges4) && alike(a.ranges6, b.ranges6) &&
         std::memcmp(&a.index4.top, &b.index4.top, sizeof(a.index4.top)) == 0 &&
         std::memcmp(&a.index6.top, &b.index6.top, sizeof(a.index6.top)) == 0 &&
         equal(a.index4.blocks, b.index4.blocks) && equal(a.index4.ranks, b.index4.ranks) &&
         equal(a.index4.leaves, b.index4.leaves) && equal(a.index4.dense, b.index4.dense) &&
         equal(a.index6.nodes, b.index6.nodes);
}

// `count` allows of lengths 32, 31, ... each ending a second later than the one inside it.
std::vector<Range> nest(int count) {
  std::vector<Range> ranges;
  for (int i = 0; i < count; ++i) {
    ranges.push_back(allow("192.0.0.0/" + std::to_string(32 - i), kWall + (i + 1) * kSecond));
  }
  return ranges;
}

}  // namespace

TEST_CASE("entries are sorted by address, then length, families apart, ids by effective range") {
  const Policy policy =
      policy_of({allow("198.51.100.7"), allow("192.0.2.0/24"), except("192.0.2.0/25"),
                 allow("2001:db8:12::/48"), range(Kind::kCluster, "10.20.0.0/16"),
                 except("2001:db8:12:1::/64")});
  CHECK(show(compiled(policy)) ==
        "10.20.0.0/16 id=0 kind=3 len=16\n"
        "192.0.2.0/24 id=1 kind=1 len=24\n"
        "192.0.2.0/25 id=2 kind=2 len=25\n"
        "198.51.100.7/32 id=3 kind=1 len=32\n"
        "2001:db8:12::/48 id=4 kind=1 len=48\n"
        "2001:db8:12:1::/64 id=5 kind=2 len=64\n");
}

TEST_CASE("ids index the effective ranges") {
  const Policy policy = policy_of({allow("192.0.2.0/24"), except("192.0.2.0/24"), allow("::/0"),
                                   allow("::/0"), allow("0.0.0.0/0")});
  const Image image = compiled(policy);
  const std::vector<Range> ranges = effective_ranges(policy.ranges);
  CHECK(show(image) ==
        "0.0.0.0/0 id=0 kind=1 len=0\n"
        "192.0.2.0/24 id=1 kind=2 len=24\n"
        "::/0 id=2 kind=1 len=0\n");
  for (const auto& entry : entries(image.ranges4)) {
    const Prefix& prefix = ranges.at(entry.value.id).prefix;
    CHECK(prefix.length == entry.key.prefix_len);
    CHECK(std::memcmp(prefix.address.bytes.data(), entry.key.address, 4) == 0);
  }
}

TEST_CASE("settings say what the program is specialised by") {
  Policy policy = policy_of({allow("192.0.2.0/24")});
  policy.mode = Mode::kAudit;
  policy.endpoints = {{.address = std::nullopt, .port = 6443},
                      {.address = *parse_address("198.51.100.1"), .port = 443},
                      {.address = *parse_address("2001:db8::1"), .port = 9345}};
  const apiguard_settings settings = compiled(policy).settings;
  CHECK(settings.generation == 17);
  CHECK(settings.abi == APIGUARD_ABI);
  CHECK(settings.mode == APIGUARD_MODE_AUDIT);
  CHECK(settings.has_deadlines == 0);
  REQUIRE(settings.endpoint_count == 3);
  const apiguard_endpoint any{
      .address = {}, .port = htons(6443), .family = APIGUARD_ANY_ADDRESS, .pad = {}};
  const apiguard_endpoint v4{
      .address = {198, 51, 100, 1}, .port = htons(443), .family = APIGUARD_IPV4, .pad = {}};
  const apiguard_endpoint v6{
      .address = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1},
      .port = htons(9345),
      .family = APIGUARD_IPV6,
      .pad = {}};
  const apiguard_endpoint none{};
  // As a set: the order of endpoints is the compiler's own affair.
  for (const apiguard_endpoint& wanted : {any, v4, v6}) {
    CHECK(std::count_if(std::begin(settings.endpoints), std::end(settings.endpoints),
                        [&](const apiguard_endpoint& each) {
                          return std::memcmp(&each, &wanted, sizeof(each)) == 0;
                        }) == 1);
  }
  for (std::size_t i = 3; i < APIGUARD_MAX_ENDPOINTS; ++i) {
    CHECK(std::memcmp(&settings.endpoints[i], &none, sizeof(none)) == 0);
  }
}

TEST_CASE("an end becomes a deadline on the boot-time clock") {
  const Image image = compiled(policy_of({allow("192.0.2.0/24", kWall + 60 * kSecond)}));
  REQUIRE(entries(image.ranges4).size() == 1);
  CHECK(entries(image.ranges4)[0].value.until == kBoot + 60 * static_cast<std::uint64_t>(kSecond));
  CHECK(image.settings.has_deadlines == 1);
}

TEST_CASE("what has ended is loaded as ended, never as permanent") {
  const Timestamp boot = static_cast<Timestamp>(kBoot);
  for (const Timestamp ago :
       {Timestamp{0}, kSecond, boot - 1, boot, boot + 1, 100 * boot, kWall, 2 * kWall}) {
    INFO("ended " << ago << " ns ago");
    const Image image = compiled(policy_of({allow("192.0.2.0/24", kWall - ago)}));
    REQUIRE(entries(image.ranges4).size() == 1);
    CHECK(entries(image.ranges4)[0].value.until >= 1);
    CHECK(entries(image.ranges4)[0].value.until <= kBoot);
    CHECK(image.settings.has_deadlines == 1);
  }
}

TEST_CASE("an end centuries away is no overflow") {
  const Image image = compiled(policy_of({allow("192.0.2.0/24", INT64_MAX)}));
  REQUIRE(entries(image.ranges4).size() == 1);
  CHECK(entries(image.ranges4)[0].value.until > kBoot);
}

TEST_CASE("an entry that ends points at the next longer-lived entry that covers it") {
  const Policy policy = policy_of({
      allow("192.0.2.1/32", kWall + 10 * kSecond),
      except("192.0.2.0/30", kWall + 5 * kSecond),  // over before the /32: never asked
      allow("192.0.2.0/28", kWall + 20 * kSecond),
      except("192.0.2.0/24"),
      allow("192.0.0.0/16"),
  });
  CHECK(show(compiled(policy)) ==
        "192.0.0.0/16 id=0 kind=1 len=16\n"
        "192.0.2.0/24 id=1 kind=2 len=24\n"
        "192.0.2.0/28 id=2 kind=1 len=28 +20s next=24\n"
        "192.0.2.0/30 id=3 kind=2 len=30 +5s next=28\n"
        "192.0.2.1/32 id=4 kind=1 len=32 +10s next=28\n");
}

TEST_CASE("an entry of the same end covers nothing that has ended") {
  CHECK(show(compiled(policy_of(
            {allow("192.0.2.1/32", kWall + kSecond), allow("192.0.2.0/24", kWall + kSecond)}))) ==
        "192.0.2.0/24 id=0 kind=1 len=24 +1s\n"
        "192.0.2.1/32 id=1 kind=1 len=32 +1s\n");
}

TEST_CASE("entries beside one another and of the other family cover nothing") {
  CHECK(show(compiled(policy_of({allow("192.0.2.0/25", kWall + kSecond), allow("192.0.2.128/25"),
                                 allow("::/0"), allow("2001:db8::/32", kWall + kSecond)}))) ==
        "192.0.2.0/25 id=0 kind=1 len=25 +1s\n"
        "192.0.2.128/25 id=1 kind=1 len=25\n"
        "::/0 id=2 kind=1 len=0\n"
        "2001:db8::/32 id=3 kind=1 len=32 +1s next=0\n");
}

TEST_CASE("permanent entries point nowhere") {
  const Image image = compiled(policy_of({allow("192.0.2.0/24"), allow("192.0.2.1/32")}));
  for (const auto& entry : entries(image.ranges4)) {
    CHECK(entry.value.has_next == 0);
    CHECK(entry.value.next_len == 0);
  }
}

TEST_CASE("the same policy gives the same bytes, whatever the order of its ranges") {
  Policy policy = policy_of({allow("198.51.100.7"), allow("192.0.2.0/24"),
                             except("192.0.2.0/25", kWall + kSecond), allow("2001:db8:12::/48"),
                             except("192.0.2.0/24"), allow("::/0", kWall)});
  const Image first = compiled(policy);
  CHECK(same_bytes(first, compiled(policy)));
  std::sort(policy.ranges.begin(), policy.ranges.end(),
            [](const Range& a, const Range& b) { return a.prefix < b.prefix; });
  do {
    CHECK(same_bytes(first, compiled(policy)));
  } while (std::next_permutation(policy.ranges.begin(), policy.ranges.end(),
                                 [](const Range& a, const Range& b) {
                                   return std::pair(a.prefix, a.kind) < std::pair(b.prefix, b.kind);
                                 }));
}

TEST_CASE("off loads no ranges") {
  Policy policy = policy_of({allow("192.0.2.0/24"), allow("2001:db8::/32", kWall + kSecond)});
  policy.mode = Mode::kOff;
  const Image image = compiled(policy);
  CHECK(image.ranges4.empty());
  CHECK(image.ranges6.empty());
  CHECK(image.settings.mode == APIGUARD_MODE_OFF);
  CHECK(image.settings.has_deadlines == 0);
}

TEST_CASE("as many endpoints as the program has room for, and no more") {
  Policy policy = policy_of({allow("192.0.2.0/24")});
  policy.endpoints.clear();
  for (std::uint16_t i = 0; i < APIGUARD_MAX_ENDPOINTS; ++i) {
    policy.endpoints.push_back(
        {.address = std::nullopt, .port = static_cast<std::uint16_t>(7000 + i)});
  }
  CHECK(compiled(policy).settings.endpoint_count == APIGUARD_MAX_ENDPOINTS);
  policy.endpoints.push_back({.address = std::nullopt, .port = 6443});
  const auto refused = compile(policy, 17, kNow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == Exit::kBadFile);
}

TEST_CASE("as many ends nested in one another as the program follows, and no more") {
  CHECK(entries(compiled(policy_of(nest(APIGUARD_MAX_EXPIRY_STEPS))).ranges4).size() ==
        APIGUARD_MAX_EXPIRY_STEPS);
  const auto refused = compile(policy_of(nest(APIGUARD_MAX_EXPIRY_STEPS + 1)), 17, kNow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == Exit::kBadFile);
}

TEST_CASE("the permanent range at the end of a nest is a step too") {
  std::vector<Range> ranges = nest(APIGUARD_MAX_EXPIRY_STEPS - 1);
  ranges.push_back(allow("192.0.0.0/16"));
  CHECK(entries(compiled(policy_of(ranges)).ranges4).size() == APIGUARD_MAX_EXPIRY_STEPS);
}

TEST_CASE("equal ends nested in one another are no deeper nest") {
  std::vector<Range> ranges;
  for (int i = 0; i < 30; ++i)
    ranges.push_back(allow("192.0.0.0/" + std::to_string(32 - i), kWall + kSecond));
  CHECK(entries(compiled(policy_of(ranges)).ranges4).size() == 30);
}
