// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/lookup.hpp"

#include <algorithm>
#include <random>

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr Timestamp kNow{1000ns};

std::vector<Range> ranges_of(const std::string& text) {
  const auto parsed = parse_ranges({"authorized-ranges", "list", text, true});
  REQUIRE(parsed);
  return parsed->policy.ranges;
}

Address address(const std::string& text) {
  const auto parsed = parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

// The prefix and name that decide, "" for none.
std::string decided(const std::vector<Range>& ranges, const std::string& source,
                    Timestamp now = kNow) {
  const Range* range = deciding_for(ranges, {address(source)}, now).at(0);
  return range == nullptr ? "" : show(*range);
}

// By reading all of them: the longest prefix around the whole of `asked` with a live entry; an
// except of it if one is live, of several of a kind the one that ends last.
struct Slow {
  int length = -1;
  bool excepts = false;
  std::optional<Timestamp> until;
};

bool is_later(const std::optional<Timestamp>& a, const std::optional<Timestamp>& b) {
  return b && (!a || *a > *b);
}

Slow slowly(const std::vector<Range>& list, const Prefix& asked) {
  Slow best;
  for (const Range& range : list) {
    if (!covers(range.prefix, asked) || (range.until && *range.until <= kNow)) continue;
    const Slow one{range.prefix.length, range.kind == Kind::kExcept, range.until};
    if (std::pair(one.length, one.excepts) < std::pair(best.length, best.excepts)) continue;
    const bool same = one.length == best.length && one.excepts == best.excepts;
    if (!same || is_later(one.until, best.until)) best = one;
  }
  return best;
}

void check_slowly(const std::vector<Range>& list, const Prefix& asked, const Range* found) {
  CAPTURE(to_string(asked));
  const Slow wanted = slowly(list, asked);
  REQUIRE((found == nullptr) == (wanted.length < 0));
  if (found == nullptr) return;
  REQUIRE(found->prefix.length == wanted.length);
  REQUIRE((found->kind == Kind::kExcept) == wanted.excepts);
  REQUIRE(found->until == wanted.until);
}

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  unsigned below(unsigned bound) { return static_cast<unsigned>(engine_() % bound); }

  // Few different bits, so that ranges nest and addresses hit them.
  Address address() {
    Address address;
    address.family = below(2) == 0 ? Family::kIpv4 : Family::kIpv6;
    const std::size_t size = max_length(address.family) / 8U;
    for (std::size_t i = 0; i < size; ++i) address.bytes[i] = below(4) == 0 ? 0xff : 0;
    address.bytes[below(static_cast<unsigned>(size))] = static_cast<std::uint8_t>(below(256));
    return address;
  }

  Prefix prefix() {
    Prefix prefix{address(), 0};
    const unsigned most = max_length(prefix.address.family);
    prefix.length = static_cast<std::uint8_t>(below(3) == 0 ? most : below(most + 1));
    for (std::size_t bit = prefix.length; bit < most; ++bit) {
      prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    }
    return prefix;
  }

  Range range() {
    Range range;
    range.prefix = prefix();
    range.kind = static_cast<Kind>(1 + below(3));
    if (below(3) == 0) range.until = kNow - 5ns + below(10) * 1ns;
    range.name = std::to_string(below(1000));
    return range;
  }

 private:
  std::mt19937 engine_;
};

}  // namespace

TEST_CASE("the longest range decides, in whatever order they are written") {
  const auto list = ranges_of(
      "203.0.113.9 name=printer\n"
      "203.0.113.0/24 name=office\n"
      "except 203.0.113.0/25 name=guests\n"
      "2001:db8::/32\n");
  CHECK(decided(list, "203.0.113.200") == "203.0.113.0/24 name=office");
  CHECK(decided(list, "203.0.113.8") == "except 203.0.113.0/25 name=guests");
  CHECK(decided(list, "203.0.113.9") == "203.0.113.9/32 name=printer");
  CHECK(decided(list, "203.0.112.255").empty());
  CHECK(decided(list, "203.0.114.0").empty());
  CHECK(decided(list, "2001:db8:ffff::1") == "2001:db8::/32");
  CHECK(decided(list, "2001:db9::").empty());
}

TEST_CASE("what has ended does not count, what covers it does") {
  auto list = ranges_of("203.0.113.0/24\n203.0.113.0/25\nexcept 203.0.113.1\n");
  list[1].until = kNow + 1ns;
  list[2].until = kNow;
  CHECK(decided(list, "203.0.113.1") == show(list[1]));
  CHECK(decided(list, "203.0.113.1", kNow - 1ns) == show(list[2]));
  CHECK(decided(list, "203.0.113.1", kNow + 1ns) == "203.0.113.0/24");
}

TEST_CASE("of one prefix a live except decides, then a live allow, then what covers them") {
  auto list =
      ranges_of("10.0.0.0/8 name=wide\n10.1.0.0/16 name=one\nexcept 10.1.0.0/16 name=two\n");
  CHECK(decided(list, "10.1.0.1") == "except 10.1.0.0/16 name=two");
  list[2].until = kNow;
  CHECK(decided(list, "10.1.0.1", kNow - 1ns).find("name=two") != std::string::npos);
  CHECK(decided(list, "10.1.0.1") == "10.1.0.0/16 name=one");
  list[1].until = kNow;
  CHECK(decided(list, "10.1.0.1") == "10.0.0.0/8 name=wide");
  list[0].kind = Kind::kExcept;
  CHECK(decided(list, "10.1.0.1") == "except 10.0.0.0/8 name=wide");
}

TEST_CASE("everything, a single address, the ends of the space, another family") {
  const auto list = ranges_of("0.0.0.0/0\n255.255.255.255\nffff::/16\n");
  CHECK(decided(list, "0.0.0.0") == "0.0.0.0/0");
  CHECK(decided(list, "255.255.255.255") == "255.255.255.255/32");
  CHECK(decided(list, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == "ffff::/16");
  CHECK(decided(list, "::").empty());
  CHECK(decided({}, "10.0.0.1").empty());
  CHECK(deciding_for(list, {}, kNow).empty());
}

TEST_CASE("answers come in the order of the addresses, which may repeat") {
  const auto list = ranges_of("10.0.0.0/8\n10.0.0.7\n2001:db8::/32\n");
  const auto found = deciding_for(list,
                                  {address("2001:db8::1"), address("10.0.0.7"),
                                   address("192.0.2.1"), address("10.0.0.7"), address("10.0.0.8")},
                                  kNow);
  CHECK(found == std::vector<const Range*>{&list[2], &list[1], nullptr, &list[1], &list[0]});
}

TEST_CASE("a range that is no except admits") {
  const auto list = ranges_of("10.0.0.0/8\nexcept 10.1.0.0/16\n");
  CHECK(admits(&list[0]));
  CHECK_FALSE(admits(&list[1]));
  CHECK_FALSE(admits(nullptr));
}

TEST_CASE("random nested lists with ends: the same as by reading all of them") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    std::vector<Range> list(1 + dice.below(120));
    for (Range& range : list) range = dice.range();
    for (Range& range : list) {
      if (dice.below(3) == 0)
        range.prefix = list[dice.below(static_cast<unsigned>(list.size()))].prefix;
    }
    std::vector<Address> sources(1 + dice.below(60));
    for (Address& source : sources) {
      source = dice.below(3) == 0
                   ? list[dice.below(static_cast<unsigned>(list.size()))].prefix.address
                   : dice.address();
    }
    const auto found = deciding_for(list, sources, kNow);
    REQUIRE(found.size() == sources.size());
    for (std::size_t i = 0; i < sources.size(); ++i)
      check_slowly(list, prefix_around(sources[i], max_length(sources[i].family)), found[i]);
  }
}

TEST_CASE("what decides over a whole prefix is the narrowest range around all of it") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    std::vector<Range> list(1 + dice.below(120));
    for (Range& range : list) range = dice.range();
    for (Range& range : list) {
      if (dice.below(3) == 0)
        range.prefix = list[dice.below(static_cast<unsigned>(list.size()))].prefix;
    }
    std::vector<Prefix> prefixes(1 + dice.below(60));
    for (Prefix& prefix : prefixes) {
      prefix = dice.below(3) == 0 ? list[dice.below(static_cast<unsigned>(list.size()))].prefix
                                  : dice.prefix();
    }
    const auto found = deciding_over(list, prefixes, kNow);
    REQUIRE(found.size() == prefixes.size());
    for (std::size_t i = 0; i < prefixes.size(); ++i) check_slowly(list, prefixes[i], found[i]);
  }
}

TEST_CASE("an endpoint protects its port, on its address if it has one") {
  const std::vector<Endpoint> endpoints{{std::nullopt, 6443}, {address("10.0.0.1"), 443}};
  CHECK(protects(endpoints, address("192.0.2.1"), 6443));
  CHECK(protects(endpoints, address("2001:db8::1"), 6443));
  CHECK(protects(endpoints, address("10.0.0.1"), 443));
  CHECK_FALSE(protects(endpoints, address("10.0.0.2"), 443));
  CHECK_FALSE(protects(endpoints, address("::a00:1"), 443));
  CHECK_FALSE(protects(endpoints, address("10.0.0.1"), 22));
}
