// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A book never makes a change fail: entries of it that are one step of nested ends too many.
#include "loader/base/time.hpp"
#include "loader/compile/fit_book.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "loader/compile/compile.hpp"
#include "loader/policy/overlay.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/random.hpp"

using namespace apiguard;

namespace {

const Moment kMoment{{Timestamp(1000s), BootTime(500s)}, "boot"};
constexpr int kSteps = APIGUARD_MAX_EXPIRY_STEPS;

Timestamp in(std::int64_t seconds) { return kMoment.now.wall + seconds * 1s; }

// Of 10.1.2.3, by length: they are nested in one another.
Prefix nested(int length) {
  Address address;
  address.bytes = {10, 1, 2, 3};
  return prefix_around(address, static_cast<std::uint8_t>(length));
}

Range line(int length, std::int64_t seconds, Kind kind = Kind::kAllow) {
  return {nested(length), kind, "", in(seconds), {"authorized-ranges", 1}};
}
Lease lease(int length, std::int64_t seconds) {
  return {nested(length), "ci", "root", false, term_of(seconds * 1s, kMoment)};
}
Lapsing lapse(int length, std::int64_t seconds, Kind kind = Kind::kAllow) {
  return {nested(length), kind, "", "authorized-ranges.d/n.list", term_of(seconds * 1s, kMoment)};
}

// `count` lines, the longest a /`longest` that ends first: each is one more step for those in it.
Policy text_of(int count, int longest = 30) {
  Policy text;
  for (int i = 0; i < count; ++i) text.ranges.push_back(line(longest - i, 100 + i));
  std::reverse(text.ranges.begin(), text.ranges.end());
  return text;
}

bool compiles(const Policy& policy) { return compile(policy, 1, kMoment.now).has_value(); }

bool from_book(const Range& range) { return is_lease(range) || is_lapsing(range); }

std::vector<Range> lines_of_text(const Policy& policy) {
  std::vector<Range> out;
  std::copy_if(policy.ranges.begin(), policy.ranges.end(), std::back_inserter(out),
               [](const Range& range) { return !from_book(range); });
  return out;
}

struct Outcome {
  Policy before;
  Policy after;
  Fitted fitted;
};

Outcome fitted(const Policy& text, const Book& book) {
  Outcome out;
  out.before = with_book(text, book, kMoment);
  out.after = out.before;
  out.fitted = fit(out.after, kMoment.now);
  return out;
}

// What holds of every outcome.
void check(const Policy& text, const Outcome& out) {
  REQUIRE(compiles(out.after));
  REQUIRE(lines_of_text(out.after) == lines_of_text(with_ranges(text, {})));
  if (compiles(out.before)) {
    REQUIRE(out.after == out.before);
    REQUIRE(out.fitted.dropped.empty());
    REQUIRE(out.fitted.lengthened.empty());
  }
  REQUIRE(out.after.ranges.size() + out.fitted.dropped.size() == out.before.ranges.size());

  // Only lapsing lines have another end, and a later one: that of an entry around them.
  std::vector<Range> rest = out.before.ranges;
  std::vector<Range> lengthened = out.fitted.lengthened;
  for (const Range& gone : out.fitted.dropped) {
    REQUIRE(from_book(gone));
    const auto same = [&](const Range& range) {
      return range.prefix == gone.prefix && range.kind == gone.kind && range.name == gone.name &&
             is_lease(range) == is_lease(gone);
    };
    const auto at = std::find_if(rest.begin(), rest.end(), same);
    REQUIRE(at != rest.end());
    rest.erase(at);
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const Range& was = rest[i];
    const Range& is = out.after.ranges[i];
    REQUIRE((is.prefix == was.prefix && is.kind == was.kind && is.name == was.name));
    if (is.until == was.until) continue;
    REQUIRE(is_lapsing(is));
    REQUIRE(ends_later(is, was));
    REQUIRE(std::any_of(out.after.ranges.begin(), out.after.ranges.end(), [&](const Range& around) {
      return around.prefix != is.prefix && covers(around.prefix, is.prefix) &&
             !ends_later(is, around);
    }));
    const auto told = std::find(lengthened.begin(), lengthened.end(), is);
    REQUIRE(told != lengthened.end());
    lengthened.erase(told);
  }
  REQUIRE(lengthened.empty());

  Policy again = out.after;
  const Fitted nothing = fit(again, kMoment.now);
  REQUIRE(again == out.after);
  REQUIRE(nothing.dropped.empty());
  REQUIRE(nothing.lengthened.empty());
}

}  // namespace

TEST_CASE("what fits is left as it is") {
  const Policy text = text_of(kSteps - 1);
  Book book;
  book.leases = {lease(32, 10)};
  const Outcome out = fitted(text, book);
  check(text, out);
  CHECK(out.after.ranges.size() == static_cast<std::size_t>(kSteps));
  CHECK(describe(out.fitted).empty());
}

TEST_CASE("a lease that is one step too many is dropped and named") {
  const Policy text = text_of(kSteps);
  REQUIRE(compiles(text));
  Book book;
  book.leases = {lease(32, 10)};
  const Outcome out = fitted(text, book);
  CHECK_FALSE(compiles(out.before));
  check(text, out);
  REQUIRE(out.fitted.dropped.size() == 1);
  CHECK(out.fitted.dropped[0].name == "ci");
  CHECK(out.after == text);
  REQUIRE(describe(out.fitted).size() == 1);
  CHECK(describe(out.fitted)[0].rfind("lease '10.1.2.3/32' of 'ci': ", 0) == 0);
}

TEST_CASE("a lease that ends after everything around it takes no step more") {
  const Policy text = text_of(kSteps);
  Book book;
  book.leases = {lease(32, 1000)};
  const Outcome out = fitted(text, book);
  check(text, out);
  CHECK(out.fitted.dropped.empty());
}

TEST_CASE("a lapsing line that is one step too many takes the end of the next around it") {
  const Policy text = text_of(kSteps);
  for (const Kind kind : {Kind::kAllow, Kind::kExcept}) {
    Book book;
    book.lapsing = {lapse(32, 10, kind)};
    const Outcome out = fitted(text, book);
    CHECK_FALSE(compiles(out.before));
    check(text, out);
    CHECK(out.fitted.dropped.empty());
    REQUIRE(out.fitted.lengthened.size() == 1);
    CHECK(out.fitted.lengthened[0].until == in(100));  // of the /30, the nearest
    CHECK(out.after.ranges.back().until == in(100));
    CHECK(out.after.ranges.back().kind == kind);
    CHECK(describe(out.fitted).size() == 1);
  }
}

TEST_CASE("a lapsing line in the middle gives way, and not the line of the text in it") {
  Policy text = text_of(kSteps - 1, 28);
  text.ranges.push_back(line(32, 10));
  REQUIRE(compiles(text));
  Book book;
  book.lapsing = {lapse(30, 50)};
  const Outcome out = fitted(text, book);
  CHECK_FALSE(compiles(out.before));
  check(text, out);
  REQUIRE(out.fitted.lengthened.size() == 1);
  CHECK(out.fitted.lengthened[0].prefix == nested(30));
  CHECK(out.fitted.lengthened[0].until == in(100));
}

TEST_CASE("an allow of the same prefix does not end earlier because its except lapses later") {
  Policy text = text_of(kSteps);
  Book book;
  book.lapsing = {lapse(32, 20, Kind::kAllow), lapse(32, 10, Kind::kExcept)};
  const Outcome out = fitted(text, book);
  check(text, out);
  for (const Range& range : out.after.ranges) {
    if (!is_lapsing(range)) continue;
    if (range.kind == Kind::kAllow) CHECK(range.until == in(100));
    if (range.kind == Kind::kExcept) CHECK(range.until == in(10));
  }
}

TEST_CASE("leases and lapses far down the same nest") {
  const Policy text = text_of(kSteps, 24);
  Book book;
  for (int length = 25; length <= 32; ++length) {
    book.leases.push_back(lease(length, 40 - length));
    book.lapsing.push_back(lapse(length, 50 - length));
  }
  const Outcome out = fitted(text, book);
  check(text, out);
}

TEST_CASE("other nests are left alone") {
  const Policy text = text_of(kSteps);
  Book book;
  book.leases = {lease(32, 10),
                 {parse_prefix("192.0.2.1")->prefix, "x", "", false, term_of(1s, kMoment)}};
  const Outcome out = fitted(text, book);
  check(text, out);
  REQUIRE(out.fitted.dropped.size() == 1);
  CHECK(out.after.ranges.back().name == "x");
}

TEST_CASE("IPv6 fits as well") {
  Policy text;
  const Address address = *parse_address("2001:db8::1");
  for (int i = kSteps; i-- > 0;)
    text.ranges.push_back({prefix_around(address, static_cast<std::uint8_t>(120 - i)),
                           Kind::kAllow,
                           "",
                           in(100 + i),
                           {"authorized-ranges", 1}});
  REQUIRE(compiles(text));
  Book book;
  book.leases = {{prefix_around(address, 128), "ci", "", false, term_of(1s, kMoment)}};
  const Outcome out = fitted(text, book);
  check(text, out);
  CHECK(out.fitted.dropped.size() == 1);
}

TEST_CASE("whatever the text and the book, the whole compiles and no more is changed") {
  test::Random random(11);
  int fitting = 0;
  int changed = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto end = [&](int length) {
      return static_cast<std::int64_t>(40 - length) + static_cast<std::int64_t>(random.below(6));
    };
    const auto kind = [&] { return random.percent(30) ? Kind::kExcept : Kind::kAllow; };
    Policy text;
    Book book;
    for (int length = 8; length <= 32; ++length) {
      if (random.percent(40)) text.ranges.push_back(line(length, end(length), kind()));
      if (!text.ranges.empty() && random.percent(5)) text.ranges.back().until.reset();
      if (random.percent(30)) book.lapsing.push_back(lapse(length, end(length), kind()));
      if (random.percent(25)) book.leases.push_back(lease(length, end(length)));
    }
    if (!compiles(text)) continue;
    INFO("round " << round);
    const Outcome out = fitted(text, book);
    check(text, out);
    ++fitting;
    changed += out.after == out.before ? 0 : 1;
  }
  CHECK(fitting > 300);
  CHECK(changed > 100);
}
