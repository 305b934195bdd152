// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/lasting.hpp"
#include "loader/base/time.hpp"

#include "loader/host/floor.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

constexpr auto kYear = 365 * 24h;
constexpr Timestamp kNoon{1'796'126'400s};

BootTime boot(int seconds) { return BootTime(seconds * 1s); }

Range range(const char* cidr, Timestamp until, Kind kind = Kind::kAllow) {
  return {parse_prefix(cidr)->prefix, kind, "", until, {}};
}
Lasting lasting(const char* cidr, Timestamp until, BootTime end) {
  return {parse_prefix(cidr)->prefix, Kind::kAllow, until, end};
}
Policy policy(std::vector<Range> ranges) {
  Policy policy;
  policy.ranges = std::move(ranges);
  return policy;
}

// None: the policy is judged as it is.
std::optional<Policy> limited(const Policy& policy, const std::vector<Lasting>& entries,
                              const Now& now) {
  std::optional<Policy> limited;
  const Policy& judged = cap_ends(policy, entries, now, limited);
  CHECK(&judged == (limited ? &*limited : &policy));
  return limited;
}

}  // namespace

TEST_CASE("an entry with a duration lasts no longer on the boot-time clock") {
  // Allowed for 3 s at 100 s after the boot, while the clock was thirty years ahead.
  const Timestamp until = kNoon + 30 * kYear + 103s;
  const auto entries = std::vector{lasting("203.0.113.7", until, boot(103))};
  const Policy list = policy({range("203.0.113.7", until)});
  const Now ahead{kNoon + 30 * kYear + 100s, boot(100)};
  const Now right{kNoon + 200s, boot(200)};
  CHECK_FALSE(limited(list, entries, ahead));
  const auto judged = limited(list, entries, right);
  REQUIRE(judged);
  CHECK(judged->ranges[0].until == kNoon + 103s);
}

TEST_CASE("another entry is none of it") {
  const auto entries = std::vector{lasting("203.0.113.7", kNoon + kYear, boot(1))};
  const Now now{kNoon, boot(100)};
  for (const Range& other :
       {range("203.0.113.8", kNoon + kYear), range("203.0.113.7", kNoon + kYear + 1s),
        range("203.0.113.7", kNoon + kYear, Kind::kExcept),
        range("203.0.113.0/24", kNoon + kYear)}) {
    CHECK_FALSE(limited(policy({other}), entries, now));
    CHECK(keep_lasting(entries, policy({other})).empty());
  }
  Range permanent = range("203.0.113.7", {});
  permanent.until.reset();
  CHECK_FALSE(limited(policy({permanent}), entries, now));
}

TEST_CASE("an end is never made later, nor moved by what clocks are disciplined by") {
  const Now now{kNoon, boot(100)};
  const Policy list = policy({range("203.0.113.7", kNoon + 50s)});
  for (const BootTime end : {boot(149), boot(150), boot(5000), BootTime::max()}) {
    CHECK_FALSE(limited(list, {lasting("203.0.113.7", kNoon + 50s, end)}, now));
  }
  CHECK(limited(list, {lasting("203.0.113.7", kNoon + 50s, boot(147))}, now));
  CHECK(limited(list, {lasting("203.0.113.7", kNoon + 50s, {})}, now));
}

TEST_CASE("of an earlier boot what was left is left from the beginning of this one") {
  GenerationMeta meta;
  meta.stamp = Stamp{{kNoon, boot(100)}, "that", std::nullopt};
  meta.lasting = {lasting("203.0.113.7", kNoon, boot(103)),
                  lasting("203.0.113.8", kNoon, boot(90))};
  CHECK(lasting_now(meta, "that", kNoon) == meta.lasting);
  for (const char* boot_id : {"this", ""}) {
    const auto now = lasting_now(meta, boot_id, kNoon);
    REQUIRE(now.size() == 2);
    CHECK(now[0].end == boot(3));
    CHECK(now[1].end == BootTime());
  }
}

TEST_CASE("the time that the host was off counts, where the wall clock knows of it") {
  // Given 2 h at noon, 100 s after a boot; 10 s after the next boot it is asked what is left.
  const Timestamp until = kNoon + 30 * kYear;
  const Policy list = policy({range("203.0.113.7", until)});
  GenerationMeta meta;
  meta.lasting = {lasting("203.0.113.7", until, boot(100 + 7200))};
  const auto left_after = [&](Timestamp taken, Timestamp clock, std::optional<Timestamp> before,
                              Timestamp wall) {
    meta.time = taken;
    meta.stamp = Stamp{{clock, boot(100)}, "that", before};
    const Now now{std::max(wall, kNoon), boot(10)};  // a floor holds it
    const auto judged = limited(list, lasting_now(meta, "this", wall), now);
    REQUIRE(judged);
    return (*judged->ranges[0].until - now.wall) / 1s;
  };
  const auto hour = 1h;
  const Timestamp ahead = until - 2 * hour;
  const Timestamp right = kNoon - 100s;  // as an offset of the clocks
  SECTION("a clock that was right") {
    CHECK(left_after(kNoon, kNoon, std::nullopt, kNoon + hour) == 3600);
    CHECK(left_after(kNoon, kNoon, std::nullopt, kNoon + 24 * hour) < 0);
  }
  SECTION("a clock that was ahead, and stood right before") {
    CHECK(left_after(ahead, ahead, right, kNoon + hour) == 3600);
    CHECK(left_after(ahead, ahead, right, kNoon + 24 * hour) < 0);
  }
  SECTION("a clock that was behind before, and right when it was given") {
    const Timestamp slow = right - 72 * hour;
    CHECK(left_after(kNoon, kNoon, slow, kNoon + hour) == 3600);
  }
  SECTION("a clock that was not set while a floor held the time") {
    CHECK(left_after(kNoon, {}, std::nullopt, kNoon + hour) == 3600);
  }
  SECTION("nothing is known of it: what was left is left") {
    CHECK(left_after(ahead, ahead, std::nullopt, kNoon + hour) == 7190);
    CHECK(left_after(kNoon, kNoon, std::nullopt, {}) == 7190);
    CHECK(left_after(ahead, ahead, right, {}) == 7190);
  }
}

TEST_CASE("numbers of a damaged record end nothing and crash nothing") {
  constexpr Timestamp kMost = Timestamp::max();
  GenerationMeta meta;
  meta.lasting = {lasting("203.0.113.7", kNoon, BootTime::max())};
  meta.time = kMost;
  meta.stamp = Stamp{{kMost, boot(1)}, "that", std::nullopt};
  CHECK(lasting_now(meta, "this", kMost)[0].by_wall == kMost);
  meta.time = Timestamp::min();
  meta.stamp->now.boot = BootTime::max();
  CHECK(lasting_now(meta, "this", kNoon)[0].by_wall == meta.time);
}

TEST_CASE("entries are kept as long as the list has them, the newest of equal ones") {
  const auto entries =
      std::vector{lasting("203.0.113.7", kNoon, boot(1)), lasting("203.0.113.8", kNoon, boot(2)),
                  lasting("203.0.113.7", kNoon, boot(3))};
  const auto kept =
      keep_lasting(entries, policy({range("203.0.113.7", kNoon), range("203.0.113.7", kNoon)}));
  CHECK(kept == std::vector{lasting("203.0.113.7", kNoon, boot(3))});
  CHECK(keep_lasting({}, policy({range("203.0.113.7", kNoon)})).empty());
}
