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

using std::chrono::nanoseconds;

constexpr auto kYear = 365 * 24h;
constexpr Timestamp kNoon{1'796'126'400s};  // 2026-12-01T12:00:00Z

// `up` after a boot, by a clock that stands `error` off.
Moment moment(nanoseconds up, nanoseconds error = 0s, const std::string& boot_id = "this") {
  return {{kNoon + up + error, BootTime(up)}, boot_id};
}

nanoseconds left(const Term& term, const Moment& at) { return end_of(term, at) - at.now.wall; }

}  // namespace

TEST_CASE("a term holds what it was given by") {
  const Term term = term_of(1h, moment(7s, kYear));
  CHECK(term.until == kNoon + kYear + 7s + 1h);
  CHECK(term.duration == 1h);
  CHECK(term.boot_id == "this");
  CHECK(term.boot_end == BootTime(7s + 1h));
}

TEST_CASE("a term ends at the very nanosecond") {
  const Term term = term_of(1h, moment(0s));
  CHECK(is_live(term, moment(0s)));
  CHECK(is_live(term, moment(1h - 1ns)));
  CHECK_FALSE(is_live(term, moment(1h)));
  CHECK_FALSE(is_live(term, moment(1h + 1ns)));
  CHECK_FALSE(is_live(term_of(0s, moment(5ns)), moment(5ns)));
  CHECK(end_of(term, moment(0s)) == kNoon + 1h);
}

TEST_CASE("within its boot a term is counted by the boot-time clock alone") {
  const Term term = term_of(1h, moment(100s));
  for (const nanoseconds error : {-50 * kYear, -1h, 0h, 1h, 30 * kYear}) {
    INFO(error / 1s);
    CHECK(left(term, moment(160s, error)) == 1h - 60s);
    CHECK(is_live(term, moment(100s + 1h - 1ns, error)));
    CHECK_FALSE(is_live(term, moment(100s + 1h, error)));
  }
}

TEST_CASE("after a boot a term is counted by the wall clock, but is never longer than it was") {
  const Term term = term_of(1h, moment(100s));
  const auto after = [&](nanoseconds passed, nanoseconds up) {
    Moment at = moment(up, passed - up, "next");
    return left(term, at);
  };
  CHECK(after(600s, 20s) == 1h - 500s);
  CHECK(after(1h + 100s, 20s) == 0s);
  CHECK(after(2h, 20s) < 0s);
  CHECK(after(-50 * kYear, 20s) == 1h - 20s);  // 1970
  CHECK(after(-50 * kYear, 1h) == 0s);
  CHECK(after(30 * kYear, 20s) < 0s);
}

TEST_CASE("a boot that is not known is another one") {
  Term term = term_of(1h, moment(100s, 0s, ""));
  CHECK(left(term, moment(200s, -kYear, "")) == 1h - 200s);
  term = term_of(1h, moment(100s));
  CHECK(left(term, moment(200s, -kYear, "")) == 1h - 200s);
  CHECK(left(term, moment(200s, 0s, "")) == 1h - 200s);
}

TEST_CASE("whatever numbers a damaged term holds") {
  constexpr Timestamp kMost = Timestamp::max();
  constexpr Timestamp kLeast = Timestamp::min();
  constexpr BootTime kLatest = boot_time_of(~std::uint64_t{0});
  CHECK(kLatest == BootTime::max());
  for (const Timestamp until : {kLeast, Timestamp(-1ns), Timestamp{}, kNoon, kMost}) {
    for (const nanoseconds duration : {nanoseconds(0), nanoseconds(1h), nanoseconds::max()}) {
      for (const BootTime boot_end : {BootTime(), kLatest, BootTime::min()}) {
        for (const char* boot_id : {"", "this", "other"}) {
          const Term term{until, duration, boot_id, boot_end};
          for (const Moment& at : {moment(0s), moment(1h), Moment{{kLeast, kLatest}, "this"},
                                   Moment{{kMost, {}}, "this"}, Moment{{kLeast, {}}, "x"},
                                   Moment{{kMost, kLatest}, ""}}) {
            CHECK(is_live(term, at) == (end_of(term, at) > at.now.wall));
          }
        }
      }
    }
  }
  CHECK(term_of(nanoseconds::max(), moment(1h)).until == kMost);
  CHECK(term_of(nanoseconds::max(), moment(1h)).boot_end == kLatest);
  CHECK(term_of(1h, {{kMost, kLatest}, "this"}).boot_end == kLatest);
}

TEST_CASE("pruned is what has ended for longer than the longest of terms") {
  const auto book = [] {
    Book made;
    made.edition = 4;
    const Term early = term_of(1h, moment(0s));
    const Term late = term_of(1h + 1ns, moment(0s));
    const Prefix prefix = parse_prefix("203.0.113.7")->prefix;
    made.leases = {{prefix, "a", "", false, early}, {prefix, "b", "", false, late}};
    made.lapsing = {{prefix, Kind::kAllow, "", "authorized-ranges.d/a.list", late},
                    {prefix, Kind::kExcept, "", "authorized-ranges.d/a.list", early}};
    made.bars = {{"a", std::nullopt, "", early}, {"", prefix, "", late}};
    return made;
  }();
  const auto pruned = [&](nanoseconds longest, const Moment& at) {
    Book rest = book;
    prune(rest, longest, at);
    return rest;
  };
  CHECK(pruned(2h, moment(0s)) == book);
  CHECK(pruned(2h, moment(1h)) == book);
  CHECK(pruned(2h, moment(3h)) == book);
  CHECK(pruned(nanoseconds::max(), moment(Timestamp::max() - kNoon)) == book);

  const Book half = pruned(2h, moment(3h + 1ns));
  CHECK(half.edition == 4);
  REQUIRE(half.leases.size() == 1);
  CHECK(half.leases[0] == book.leases[1]);
  REQUIRE(half.lapsing.size() == 1);
  CHECK(half.lapsing[0] == book.lapsing[0]);
  REQUIRE(half.bars.size() == 1);
  CHECK(half.bars[0] == book.bars[1]);

  const Book none = pruned(2h, moment(3h + 2ns));
  CHECK(none == Book{4, {}, {}, {}});
  CHECK(pruned(0s, moment(1h + 2ns)) == none);
  CHECK(pruned(0s, moment(1h + 2ns, -kYear)) == none);  // in its boot no clock brings it back
  CHECK(pruned(0s, moment(0s, kYear, "next")) == none);
  CHECK(pruned(0s, moment(0s, -kYear, "next")) == book);
}
