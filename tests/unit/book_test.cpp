// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Terms of the book's entries: time that passes, whatever becomes of the wall clock.
#include "loader/policy/book.hpp"
#include "loader/base/time.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

constexpr std::int64_t kYear = 365 * kDay;
constexpr Timestamp kNoon = 1'796'126'400 * kSecond;  // 2026-12-01T12:00:00Z
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

// `up` nanoseconds after a boot, by a clock that stands `error` off.
Moment moment(std::int64_t up, Timestamp error = 0, const std::string& boot_id = "this") {
  return {{kNoon + up + error, static_cast<std::uint64_t>(up)}, boot_id};
}

std::int64_t left(const Term& term, const Moment& at) { return end_of(term, at) - at.now.wall; }

}  // namespace

TEST_CASE("a term holds what it was given by") {
  const Term term = term_of(kHour, moment(7 * kSecond, kYear));
  CHECK(term.until == kNoon + kYear + 7 * kSecond + kHour);
  CHECK(term.duration == kHour);
  CHECK(term.boot_id == "this");
  CHECK(term.boot_end == static_cast<std::uint64_t>(7 * kSecond + kHour));
}

TEST_CASE("a term ends at the very nanosecond") {
  const Term term = term_of(kHour, moment(0));
  CHECK(is_live(term, moment(0)));
  CHECK(is_live(term, moment(kHour - 1)));
  CHECK_FALSE(is_live(term, moment(kHour)));
  CHECK_FALSE(is_live(term, moment(kHour + 1)));
  CHECK_FALSE(is_live(term_of(0, moment(5)), moment(5)));
  CHECK(end_of(term, moment(0)) == kNoon + kHour);
}

TEST_CASE("within its boot a term is counted by the boot-time clock alone") {
  const Term term = term_of(kHour, moment(100 * kSecond));
  for (const Timestamp error : {-50 * kYear, -kHour, Timestamp{0}, kHour, 30 * kYear}) {
    INFO(error / kSecond);
    CHECK(left(term, moment(160 * kSecond, error)) == kHour - 60 * kSecond);
    CHECK(is_live(term, moment(100 * kSecond + kHour - 1, error)));
    CHECK_FALSE(is_live(term, moment(100 * kSecond + kHour, error)));
  }
}

TEST_CASE("after a boot a term is counted by the wall clock, but is never longer than it was") {
  const Term term = term_of(kHour, moment(100 * kSecond));
  const auto after = [&](std::int64_t passed, std::int64_t up) {
    Moment at = moment(up, passed - up, "next");
    return left(term, at);
  };
  CHECK(after(600 * kSecond, 20 * kSecond) == kHour - 500 * kSecond);
  CHECK(after(kHour + 100 * kSecond, 20 * kSecond) == 0);
  CHECK(after(2 * kHour, 20 * kSecond) < 0);
  CHECK(after(-50 * kYear, 20 * kSecond) == kHour - 20 * kSecond);  // 1970
  CHECK(after(-50 * kYear, kHour) == 0);
  CHECK(after(30 * kYear, 20 * kSecond) < 0);
}

TEST_CASE("a boot that is not known is another one") {
  Term term = term_of(kHour, moment(100 * kSecond, 0, ""));
  CHECK(left(term, moment(200 * kSecond, -kYear, "")) == kHour - 200 * kSecond);
  term = term_of(kHour, moment(100 * kSecond));
  CHECK(left(term, moment(200 * kSecond, -kYear, "")) == kHour - 200 * kSecond);
  CHECK(left(term, moment(200 * kSecond, 0, "")) == kHour - 200 * kSecond);
}

TEST_CASE("whatever numbers a damaged term holds") {
  const std::uint64_t most = kMost;
  for (const Timestamp until : {kLeast, Timestamp{-1}, Timestamp{0}, kNoon, kMost}) {
    for (const std::int64_t duration : {std::int64_t{0}, kHour, kMost}) {
      for (const std::uint64_t boot_end : {std::uint64_t{0}, most, ~std::uint64_t{0}}) {
        for (const char* boot_id : {"", "this", "other"}) {
          const Term term{until, duration, boot_id, boot_end};
          for (const Moment& at : {moment(0), moment(kHour), Moment{{kLeast, most}, "this"},
                                   Moment{{kMost, 0}, "this"}, Moment{{kLeast, 0}, "x"},
                                   Moment{{kMost, ~std::uint64_t{0}}, ""}}) {
            CHECK(is_live(term, at) == (end_of(term, at) > at.now.wall));
          }
        }
      }
    }
  }
  CHECK(term_of(kMost, moment(kHour)).until == kMost);
  CHECK(term_of(kMost, moment(kHour)).boot_end <= most);
  CHECK(term_of(kHour, {{kMost, ~std::uint64_t{0}}, "this"}).boot_end <= most);
}

TEST_CASE("pruned is what has ended for longer than the longest of terms") {
  const auto book = [] {
    Book made;
    made.edition = 4;
    const Term early = term_of(kHour, moment(0));
    const Term late = term_of(kHour + 1, moment(0));
    const Prefix prefix = parse_prefix("203.0.113.7")->prefix;
    made.leases = {{prefix, "a", "", false, early}, {prefix, "b", "", false, late}};
    made.lapsing = {{prefix, Kind::kAllow, "", "authorized-ranges.d/a.list", late},
                    {prefix, Kind::kExcept, "", "authorized-ranges.d/a.list", early}};
    made.bars = {{"a", std::nullopt, "", early}, {"", prefix, "", late}};
    return made;
  }();
  const auto pruned = [&](std::int64_t longest, const Moment& at) {
    Book rest = book;
    prune(rest, longest, at);
    return rest;
  };
  CHECK(pruned(2 * kHour, moment(0)) == book);
  CHECK(pruned(2 * kHour, moment(kHour)) == book);
  CHECK(pruned(2 * kHour, moment(3 * kHour)) == book);
  CHECK(pruned(kMost, moment(kMost - kNoon)) == book);

  const Book half = pruned(2 * kHour, moment(3 * kHour + 1));
  CHECK(half.edition == 4);
  REQUIRE(half.leases.size() == 1);
  CHECK(half.leases[0] == book.leases[1]);
  REQUIRE(half.lapsing.size() == 1);
  CHECK(half.lapsing[0] == book.lapsing[0]);
  REQUIRE(half.bars.size() == 1);
  CHECK(half.bars[0] == book.bars[1]);

  const Book none = pruned(2 * kHour, moment(3 * kHour + 2));
  CHECK(none == Book{4, {}, {}, {}});
  CHECK(pruned(0, moment(kHour + 2)) == none);
  CHECK(pruned(0, moment(kHour + 2, -kYear)) == none);  // in its boot no clock brings it back
  CHECK(pruned(0, moment(0, kYear, "next")) == none);
  CHECK(pruned(0, moment(0, -kYear, "next")) == book);
}
