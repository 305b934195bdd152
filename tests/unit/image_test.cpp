// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policies and the whole of what compile makes of them.
#include "loader/base/time.hpp"
#include "loader/compile/compile.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kWall{1'767'225'600s};
constexpr BootTime kBoot{5'000s};
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

std::uint64_t end_in(std::uint64_t word) { return word & ~APIGUARD_LENGTH_MASK; }
std::uint64_t length_in(std::uint64_t word) { return word & APIGUARD_LENGTH_MASK; }

// One of the two ends as a test reads it: seconds from kBoot, "ended" or for good.
std::string show(std::string_view kind, std::uint64_t word) {
  const std::uint64_t end = end_in(word);
  if (end == 0) return "";
  const std::string text = " " + std::string(kind);
  if (end == APIGUARD_WITHOUT_END) return text;
  if (boot_time_of(end) <= kBoot) return text + " ended";
  return text + " +" + std::to_string((boot_time_of(end) - kBoot) / 1s) + "s";
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
  CHECK(length_in(entry.value.except_until) == entry.key.prefix_len);
  line += show("except", entry.value.except_until) + show("allow", entry.value.allow_until);
  const std::uint64_t next = length_in(entry.value.allow_until);
  if (next != APIGUARD_NO_NEXT) line += " next=" + std::to_string(next);
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
    ranges.push_back(allow("192.0.0.0/" + std::to_string(32 - i), kWall + (i + 1) * 1s));
  }
  return ranges;
}

}  // namespace

TEST_CASE("entries are sorted by address, then length, families apart") {
  const Policy policy =
      policy_of({allow("198.51.100.7"), allow("192.0.2.0/24"), except("192.0.2.0/25"),
                 allow("2001:db8:12::/48"), range(Kind::kCluster, "10.20.0.0/16"),
                 except("2001:db8:12:1::/64")});
  CHECK(show(compiled(policy)) ==
        "10.20.0.0/16 allow\n"
        "192.0.2.0/24 allow\n"
        "192.0.2.0/25 except\n"
        "198.51.100.7/32 allow\n"
        "2001:db8:12::/48 allow\n"
        "2001:db8:12:1::/64 except\n");
}

TEST_CASE("entries of one prefix are one value with two ends") {
  const Timestamp soon = kWall + 10s, late = kWall + 20s;
  const Policy policy = policy_of({
      allow("10.0.0.0/8"),         except("10.0.0.0/8", soon),  // decides again
      allow("11.0.0.0/8", late),   except("11.0.0.0/8", soon),  // for a while
      allow("12.0.0.0/8", soon),   except("12.0.0.0/8", late),  // never
      allow("13.0.0.0/8", soon),   except("13.0.0.0/8", soon),  // never
      allow("14.0.0.0/8", soon),   except("14.0.0.0/8"),        // never
      except("15.0.0.0/8", late),  except("15.0.0.0/8", soon),  // the later end of each kind
      allow("15.0.0.0/8"),         allow("15.0.0.0/8", soon),  allow("16.0.0.0/8", kWall),
      except("16.0.0.0/8", soon),  // one has ended
      except("17.0.0.0/8", kWall), allow("17.0.0.0/8"),        range(Kind::kCluster, "18.0.0.0/8"),
      except("18.0.0.0/8", soon),  // not by the parser's will
  });
  CHECK(show(compiled(policy)) ==
        "10.0.0.0/8 except +10s allow\n"
        "11.0.0.0/8 except +10s allow +20s\n"
        "12.0.0.0/8 except +20s\n"
        "13.0.0.0/8 except +10s\n"
        "14.0.0.0/8 except\n"
        "15.0.0.0/8 except +20s allow\n"
        "16.0.0.0/8 except +10s\n"
        "17.0.0.0/8 except ended allow\n"
        "18.0.0.0/8 except +10s allow\n");
}

TEST_CASE("a prefix with an end is for the trie to say, one without is not") {
  const auto whole = [](std::vector<Range> ranges) {
    ranges.push_back(allow("::/0"));
    return compiled(policy_of(std::move(ranges))).index4.whole;
  };
  const Timestamp soon = kWall + 1s;
  CHECK(whole({allow("0.0.0.0/0")}) == APIGUARD_CELL_LISTED);
  CHECK(whole({allow("0.0.0.0/0"), allow("0.0.0.0/0", soon)}) == APIGUARD_CELL_LISTED);
  CHECK(whole({allow("0.0.0.0/0"), except("0.0.0.0/0", soon)}) == APIGUARD_CELL_EXCEPTED);
  CHECK(whole({except("0.0.0.0/0", kWall), allow("0.0.0.0/0")}) == APIGUARD_CELL_EXCEPTED);
  CHECK(whole({allow("0.0.0.0/0", soon)}) == APIGUARD_CELL_EXCEPTED);
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
  CHECK(settings.has_ends == 0);
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
  const Image image = compiled(policy_of({allow("192.0.2.0/24", kWall + 60s)}));
  REQUIRE(entries(image.ranges4).size() == 1);
  CHECK(end_in(entries(image.ranges4)[0].value.allow_until) == nanoseconds_of(kBoot + 60s));
  CHECK(image.settings.has_ends == 1);
}

TEST_CASE("what has ended is loaded as ended, never as permanent") {
  const std::chrono::nanoseconds boot = kBoot.time_since_epoch();
  const std::chrono::nanoseconds wall = kWall.time_since_epoch();
  for (const std::chrono::nanoseconds ago :
       {0 * boot, boot / 5000, boot - 1ns, boot, boot + 1ns, 100 * boot, wall, 2 * wall}) {
    INFO("ended " << ago.count() << " ns ago");
    const Image image = compiled(policy_of({allow("192.0.2.0/24", kWall - ago)}));
    REQUIRE(entries(image.ranges4).size() == 1);
    CHECK(end_in(entries(image.ranges4)[0].value.allow_until) >= APIGUARD_END_UNIT);
    CHECK(end_in(entries(image.ranges4)[0].value.allow_until) <= nanoseconds_of(kBoot));
    CHECK(image.settings.has_ends == 1);
  }
}

TEST_CASE("an end is never later than its time, and early by less than 256 ns") {
  for (const int beyond : {1, 255, 256, 257, 1000}) {
    const Image image = compiled(policy_of({except("192.0.2.0/24", kWall + beyond * 1ns)}));
    const std::uint64_t end = end_in(entries(image.ranges4)[0].value.except_until);
    const std::uint64_t exact = nanoseconds_of(kBoot + beyond * 1ns);
    CHECK(end <= exact);
    CHECK(exact - end < 256);
  }
}

TEST_CASE("an end centuries away is no overflow") {
  const Image image = compiled(policy_of({allow("192.0.2.0/24", Timestamp::max())}));
  REQUIRE(entries(image.ranges4).size() == 1);
  CHECK(end_in(entries(image.ranges4)[0].value.allow_until) > nanoseconds_of(kBoot));
}

TEST_CASE("an entry that ends points at the next longer-lived entry that covers it") {
  const Policy policy = policy_of({
      allow("192.0.2.1/32", kWall + 10s),
      except("192.0.2.0/30", kWall + 5s),  // over before the /32: never asked
      allow("192.0.2.0/28", kWall + 20s),
      except("192.0.2.0/24"),
      allow("192.0.0.0/16"),
  });
  CHECK(show(compiled(policy)) ==
        "192.0.0.0/16 allow\n"
        "192.0.2.0/24 except\n"
        "192.0.2.0/28 allow +20s next=24\n"
        "192.0.2.0/30 except +5s next=28\n"
        "192.0.2.1/32 allow +10s next=28\n");
}

TEST_CASE("the later of the two ends of a prefix says what follows it and what it follows") {
  const Policy policy = policy_of({
      allow("192.0.2.1/32", kWall + 10s),
      except("192.0.2.0/30", kWall + 5s),
      allow("192.0.2.0/30", kWall + 15s),  // later than the /32 by its allow
      except("192.0.2.0/28", kWall + 15s),
      allow("192.0.2.0/28", kWall + 2s),  // no later than the /30: never asked
      except("192.0.2.0/24", kWall + 30s),
      allow("192.0.2.0/24"),
      allow("192.0.0.0/16"),
  });
  CHECK(show(compiled(policy)) ==
        "192.0.0.0/16 allow\n"
        "192.0.2.0/24 except +30s allow\n"
        "192.0.2.0/28 except +15s next=24\n"
        "192.0.2.0/30 except +5s allow +15s next=24\n"
        "192.0.2.1/32 allow +10s next=30\n");
}

TEST_CASE("an entry of the same end covers nothing that has ended") {
  CHECK(show(compiled(
            policy_of({allow("192.0.2.1/32", kWall + 1s), allow("192.0.2.0/24", kWall + 1s)}))) ==
        "192.0.2.0/24 allow +1s\n"
        "192.0.2.1/32 allow +1s\n");
}

TEST_CASE("entries beside one another and of the other family cover nothing") {
  CHECK(show(compiled(policy_of({allow("192.0.2.0/25", kWall + 1s), allow("192.0.2.128/25"),
                                 allow("::/0"), allow("2001:db8::/32", kWall + 1s)}))) ==
        "192.0.2.0/25 allow +1s\n"
        "192.0.2.128/25 allow\n"
        "::/0 allow\n"
        "2001:db8::/32 allow +1s next=0\n");
}

TEST_CASE("permanent entries point nowhere") {
  const Image image = compiled(policy_of({allow("192.0.2.0/24"), allow("192.0.2.1/32")}));
  for (const auto& entry : entries(image.ranges4)) {
    CHECK(length_in(entry.value.allow_until) == APIGUARD_NO_NEXT);
  }
}

TEST_CASE("the same policy gives the same bytes, whatever the order of its ranges") {
  Policy policy =
      policy_of({allow("198.51.100.7"), allow("192.0.2.0/24"), except("192.0.2.0/25", kWall + 1s),
                 allow("2001:db8:12::/48"), except("192.0.2.0/24"), allow("::/0", kWall)});
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
  Policy policy = policy_of({allow("192.0.2.0/24"), allow("2001:db8::/32", kWall + 1s)});
  policy.mode = Mode::kOff;
  const Image image = compiled(policy);
  CHECK(image.ranges4.empty());
  CHECK(image.ranges6.empty());
  CHECK(image.settings.mode == APIGUARD_MODE_OFF);
  CHECK(image.settings.has_ends == 0);
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
    ranges.push_back(allow("192.0.0.0/" + std::to_string(32 - i), kWall + 1s));
  CHECK(entries(compiled(policy_of(ranges)).ranges4).size() == 30);
}

TEST_CASE("a prefix with two ends is one step of a nest, and the refusal names its line") {
  std::vector<Range> ranges;
  for (const Range& outer : nest(APIGUARD_MAX_EXPIRY_STEPS)) {
    ranges.push_back(outer);
    ranges.push_back(outer);
    ranges.back().kind = Kind::kExcept;
    ranges.back().until = *outer.until - 500ms;
  }
  CHECK(entries(compiled(policy_of(ranges)).ranges4).size() == APIGUARD_MAX_EXPIRY_STEPS);
  // One more around them all: by its except alone it is no later, by its allow it is.
  ranges.push_back(except("192.0.0.0/16", kWall + 1s));
  CHECK(compile(policy_of(ranges), 17, kNow));
  ranges.push_back(allow("192.0.0.0/16"));
  ranges.front().origin = {"authorized-ranges", 7};
  const auto refused = compile(policy_of(ranges), 17, kNow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exit == Exit::kBadFile);
  CHECK(refused.error().message.find("(authorized-ranges:7)") != std::string::npos);
}
