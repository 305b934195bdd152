// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the book adds to a text, against an oracle that asks every address at every moment.
#include "loader/policy/overlay.hpp"
#include "loader/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "loader/policy/lookup.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace apiguard;

namespace {

const Moment kMoment{{Timestamp(1000s), BootTime(500s)}, "boot"};
constexpr Timestamp kNow{1000s};
constexpr const char* kFile = "authorized-ranges";
constexpr const char* kDropIn = "authorized-ranges.d/n.list";

// ---- the oracle: 10.0.0.0/28, written down address by address

enum class Says { kNothing, kListed, kExcepted };

struct Entry {
  unsigned first = 0;
  unsigned size = 0;
  Kind kind = Kind::kAllow;
  Timestamp until{};
};

constexpr Timestamp kForEver = Timestamp::max();

unsigned size_of(const Prefix& prefix) { return 1U << (32 - prefix.length); }

Entry entry(const Prefix& prefix, Kind kind, Timestamp until) {
  return {prefix.address.bytes[3], size_of(prefix), kind, until};
}

// Of the smallest live entries that hold all of it an except wins.
Says says(const std::vector<Entry>& entries, unsigned first, unsigned size, Timestamp at) {
  Says said = Says::kNothing;
  unsigned smallest = ~0U;
  for (const Entry& one : entries) {
    const bool holds = one.first <= first && first + size <= one.first + one.size;
    if (!holds || one.until <= at || one.size > smallest) continue;
    const bool except = one.kind == Kind::kExcept;
    if (one.size < smallest || except) said = except ? Says::kExcepted : Says::kListed;
    smallest = one.size;
  }
  return said;
}

std::vector<Entry> entries_of(const std::vector<Range>& ranges) {
  std::vector<Entry> out;
  out.reserve(ranges.size());
  for (const Range& range : ranges)
    out.push_back(entry(range.prefix, range.kind, range.until.value_or(kForEver)));
  return out;
}

// Text and lapses. A line of the same prefix takes the place of a lapse, and nothing is excepted
// from a cluster range.
std::vector<Entry> without_leases(const Policy& text, const Book& book) {
  std::vector<Entry> out = entries_of(text.ranges);
  for (const Lapsing& lapse : book.lapsing) {
    bool gone = false;
    for (const Range& line : text.ranges) {
      const bool live = !line.until || *line.until > kNow;
      gone = gone || (line.prefix == lapse.prefix && live);
      gone = gone || (lapse.kind == Kind::kExcept && line.kind == Kind::kCluster &&
                      covers(line.prefix, lapse.prefix));
    }
    if (!gone) out.push_back(entry(lapse.prefix, lapse.kind, kNow + lapse.term.duration));
  }
  return out;
}

// A lease lists from the end of the bans on that it was given under until it ends or is banned
// anew.
bool stands(const Lease& lease, const std::vector<Entry>& list, Timestamp at) {
  const unsigned first = lease.prefix.address.bytes[3];
  if (kNow + lease.term.duration <= at) return false;
  bool was_open = false;
  for (Timestamp then = kNow; then <= at; then += 1s) {
    const bool banned = says(list, first, size_of(lease.prefix), then) == Says::kExcepted;
    if (banned && was_open) return false;
    was_open = was_open || !banned;
  }
  return was_open;
}

bool oracle(const Policy& text, const Book& book, unsigned address, Timestamp at) {
  const std::vector<Entry> list = without_leases(text, book);
  std::vector<Entry> all = list;
  for (const Lease& lease : book.leases) {
    if (stands(lease, list, at)) all.push_back(entry(lease.prefix, Kind::kAllow, kForEver));
  }
  return says(all, address, 1, at) == Says::kListed;
}

// ---- what is tested

Prefix prefix(const std::string& text) { return parse_prefix(text)->prefix; }

Address address(unsigned last) {
  Address made;
  made.bytes = {10, 0, 0, static_cast<std::uint8_t>(last)};
  return made;
}

std::string admitted(const Policy& merged, Timestamp at) {
  std::vector<Address> all;
  for (unsigned last = 0; last < 16; ++last) all.push_back(address(last));
  std::string out;
  for (const Range* range : deciding_for(merged.ranges, all, at)) out += admits(range) ? '1' : '.';
  return out;
}

std::string wanted(const Policy& text, const Book& book, Timestamp at) {
  std::string out;
  for (unsigned last = 0; last < 16; ++last) out += oracle(text, book, last, at) ? '1' : '.';
  return out;
}

Range line(const std::string& cidr, Kind kind, std::optional<Timestamp> until = std::nullopt) {
  return {prefix(cidr), kind, "", until, {kFile, 1}};
}
Lease lease(const std::string& cidr, std::int64_t seconds) {
  return {prefix(cidr), "ci", "root", false, term_of(seconds * 1s, kMoment)};
}
Lapsing lapse(const std::string& cidr, Kind kind, std::int64_t seconds) {
  return {prefix(cidr), kind, "", kDropIn, term_of(seconds * 1s, kMoment)};
}
Timestamp in(std::int64_t seconds) { return kNow + seconds * 1s; }

// Whether 10.0.0.1 is listed, a character a second.
std::string over_time(const Policy& text, const Book& book, int seconds = 10) {
  const Policy merged = with_book(text, book, kMoment);
  std::string out;
  for (int second = 0; second < seconds; ++second) out += admitted(merged, in(second))[1];
  return out;
}

Policy text_of(std::vector<Range> lines) {
  Policy text;
  text.ranges = std::move(lines);
  return text;
}
Book leases(std::vector<Lease> all) { return {1, std::move(all), {}, {}}; }
Book lapses(std::vector<Lapsing> all) { return {1, {}, std::move(all), {}}; }

Prefix random_prefix(test::Random& random) {
  return prefix_around(address(static_cast<unsigned>(random.below(16))),
                       static_cast<std::uint8_t>(28 + random.below(5)));
}

Kind random_kind(test::Random& random) { return random.percent(50) ? Kind::kAllow : Kind::kExcept; }

Policy random_text(test::Random& random) {
  Policy text;
  for (std::size_t i = random.below(7); i-- > 0;) {
    Range one{random_prefix(random), random_kind(random), "", std::nullopt, {kFile, 1}};
    if (random.percent(60)) one.until = in(static_cast<std::int64_t>(random.below(12)) - 2);
    text.ranges.push_back(one);
  }
  if (!random.percent(25)) return text;
  const Prefix cluster = random_prefix(random);
  const auto refused = [&](const Range& one) {
    return one.kind == Kind::kExcept && covers(cluster, one.prefix);
  };
  auto& ranges = text.ranges;
  ranges.erase(std::remove_if(ranges.begin(), ranges.end(), refused), ranges.end());
  ranges.insert(ranges.begin(), {cluster, Kind::kCluster, "", std::nullopt, {"apiguard.toml", 1}});
  return text;
}

Book random_book(test::Random& random) {
  Book book;
  for (std::size_t i = random.below(3); i-- > 0;) {
    const auto seconds = static_cast<std::int64_t>(random.below(9));
    book.lapsing.push_back(
        {random_prefix(random), random_kind(random), "", kDropIn, term_of(seconds * 1s, kMoment)});
  }
  for (std::size_t i = random.below(4); i-- > 0;) {
    const auto seconds = static_cast<std::int64_t>(random.below(11));
    book.leases.push_back({random_prefix(random), "n" + std::to_string(i), "", false,
                           term_of(seconds * 1s, kMoment)});
  }
  return book;
}

}  // namespace

TEST_CASE("every address, at every moment") {
  test::Random random(7);
  for (int round = 0; round < 1000; ++round) {
    const Policy text = random_text(random);
    const Book book = random_book(random);
    const Policy merged = with_book(text, book, kMoment);
    INFO("round " << round);
    REQUIRE(std::is_sorted(merged.ranges.begin(), merged.ranges.end(),
                           [](const Range& a, const Range& b) { return a.prefix < b.prefix; }));
    for (int second = 0; second < 12; ++second) {
      INFO("second " << second);
      REQUIRE(admitted(merged, in(second)) == wanted(text, book, in(second)));
      if (second > 0)
        REQUIRE(admitted(merged, in(second)-1ns) == wanted(text, book, in(second - 1)));
    }
  }
}

TEST_CASE("an empty book adds nothing, and bars add nothing") {
  const Policy text = text_of({line("10.0.0.0/28", Kind::kAllow)});
  Book book;
  book.bars = {{"ci", prefix("10.0.0.1"), "root", term_of(1s, kMoment)}};
  for (const Book& one : {Book{}, book}) {
    CHECK(with_book(text, one, kMoment) == text);
    CHECK(overlay(text, one, kMoment).ranges.empty());
    CHECK(overlay(text, one, kMoment).left_out.empty());
  }
}

TEST_CASE("a lease lists until it ends, and ended ones list nothing") {
  CHECK(over_time({}, leases({lease("10.0.0.1", 3)})) == "111.......");
  CHECK(over_time({}, leases({lease("10.0.0.1", 3), lease("10.0.0.1", 5)})) == "11111.....");
  CHECK(over_time({}, leases({lease("10.0.0.1", 0)})) == "..........");
  CHECK(overlay({}, leases({lease("10.0.0.1", 0), lease("10.0.0.1", -5)}), kMoment).ranges.empty());
  const Overlay added = overlay({}, leases({lease("10.0.0.1", 3)}), kMoment);
  REQUIRE(added.ranges.size() == 1);
  CHECK(is_lease(added.ranges[0]));
  CHECK_FALSE(is_lapsing(added.ranges[0]));
  CHECK(added.ranges[0].name == "ci");
  CHECK(added.ranges[0].until == in(3));
}

TEST_CASE("a ban over a lease decides as long as it lasts") {
  const Book book = leases({lease("10.0.0.1", 8)});
  for (const char* ban : {"10.0.0.1/32", "10.0.0.0/31", "10.0.0.0/28", "0.0.0.0/0"}) {
    INFO(ban);
    CHECK(over_time(text_of({line(ban, Kind::kExcept)}), book) == "..........");
    CHECK(over_time(text_of({line(ban, Kind::kExcept, in(3))}), book) == "...11111..");
    CHECK(over_time(text_of({line(ban, Kind::kExcept, in(-1))}), book) == "11111111..");
    CHECK(over_time(text_of({line(ban, Kind::kExcept, in(9))}), book) == "..........");
  }
  const Overlay added = overlay(text_of({line("10.0.0.0/31", Kind::kExcept)}), book, kMoment);
  CHECK(added.ranges.empty());
  REQUIRE(added.left_out.size() == 1);
  CHECK(added.left_out[0].rfind("lease '10.0.0.1/32' of 'ci': ", 0) == 0);
}

TEST_CASE("bans one after another, and a ban that comes back") {
  const Book book = leases({lease("10.0.0.1", 9)});
  CHECK(over_time(text_of({line("10.0.0.0/31", Kind::kExcept, in(2)),
                           line("10.0.0.0/30", Kind::kExcept, in(4))}),
                  book) == "....11111.");
  // Listed until 3 by a person, excepted from then on: the lease ends with that.
  CHECK(over_time(
            text_of({line("10.0.0.0/31", Kind::kAllow, in(3)), line("10.0.0.0/30", Kind::kExcept)}),
            book) == "111.......");
  CHECK(over_time(text_of({line("10.0.0.0/31", Kind::kAllow, in(3)),
                           line("10.0.0.0/30", Kind::kExcept, in(5))}),
                  book)
            .substr(0, 5) == "111..");
}

TEST_CASE("an except inside a lease stays") {
  const Policy text = text_of({line("10.0.0.1", Kind::kExcept)});
  CHECK(admitted(with_book(text, leases({lease("10.0.0.0/30", 5)}), kMoment), kNow) ==
        "1.11............");
}

TEST_CASE("under a cluster range a lease changes nothing") {
  const Policy text = text_of({line("10.0.0.0/30", Kind::kCluster)});
  for (const char* cidr : {"10.0.0.1", "10.0.0.0/30", "10.0.0.0/31"})
    CHECK(over_time(text, leases({lease(cidr, 4)})) == "1111111111");
  CHECK(over_time(text, lapses({lapse("10.0.0.1", Kind::kExcept, 4)})) == "1111111111");
  CHECK(over_time(text, lapses({lapse("10.0.0.0/30", Kind::kExcept, 4)})) == "1111111111");
}

TEST_CASE("a lease outside of the roof is left out and named") {
  Policy text;
  text.leases.within = {prefix("10.0.0.0/30"), prefix("2001:db8::/32")};
  const Book book = leases({lease("10.0.0.1", 5), lease("10.0.0.4", 5), lease("10.0.0.0/29", 5),
                            lease("2001:db8::/31", 5), lease("2001:db8::1", 5)});
  const Overlay added = overlay(text, book, kMoment);
  REQUIRE(added.ranges.size() == 2);
  CHECK(added.ranges[0].prefix == prefix("10.0.0.1"));
  CHECK(added.ranges[1].prefix == prefix("2001:db8::1"));
  CHECK(added.left_out.size() == 3);
  text.leases.within.clear();
  CHECK(overlay(text, book, kMoment).ranges.empty());
}

TEST_CASE("a lapsing line counts until it ends, unless a line of its prefix stands there") {
  const Book allow = lapses({lapse("10.0.0.1", Kind::kAllow, 4)});
  const Book except = lapses({lapse("10.0.0.1", Kind::kExcept, 4)});
  CHECK(over_time({}, allow) == "1111......");
  CHECK(over_time(text_of({line("10.0.0.0/30", Kind::kAllow)}), except) == "....111111");
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kExcept)}), allow) == "..........");
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kAllow)}), except) == "1111111111");
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kExcept, in(2))}), allow) == "..........");
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kAllow, in(2))}), except) == "11........");
  // One that had ended before the lapse began replaces nothing.
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kExcept, in(-2))}), allow) == "1111......");
  CHECK(over_time(text_of({line("10.0.0.1", Kind::kExcept, kNow)}), allow) == "1111......");
  const Overlay added = overlay({}, allow, kMoment);
  REQUIRE(added.ranges.size() == 1);
  CHECK(is_lapsing(added.ranges[0]));
  CHECK_FALSE(is_lease(added.ranges[0]));
  CHECK(overlay({}, lapses({lapse("10.0.0.1", Kind::kAllow, 0)}), kMoment).ranges.empty());
}

TEST_CASE("a lapsing except bans a lease like any other") {
  Book book = lapses({lapse("10.0.0.0/30", Kind::kExcept, 4)});
  book.leases = {lease("10.0.0.1", 7)};
  CHECK(over_time({}, book) == "....111...");
}

TEST_CASE("lines of a file are never taken for entries of the book") {
  for (const char* file : {"leases", "authorized-ranges", "authorized-ranges.d/leases.list"}) {
    const Range range{prefix("10.0.0.1"), Kind::kAllow, "", std::nullopt, {file, 1}};
    CHECK_FALSE(is_lease(range));
    CHECK_FALSE(is_lapsing(range));
  }
}
