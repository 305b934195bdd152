// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/lasting.hpp"

#include "loader/host/floor.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;
using namespace apiguard::publish;

namespace {

constexpr Timestamp kSecond = 1'000'000'000;
constexpr Timestamp kYear = 365 * 86'400 * kSecond;
constexpr Timestamp kNoon = 1'796'126'400 * kSecond;

std::uint64_t boot(std::uint64_t seconds) { return seconds * kSecond; }

Range range(const char* cidr, Timestamp until, Kind kind = Kind::kAllow) {
  return {parse_prefix(cidr)->prefix, kind, "", until, {}};
}
Lasting lasting(const char* cidr, Timestamp until, std::uint64_t end) {
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
  const Policy& judged = limit(policy, entries, now, limited);
  CHECK(&judged == (limited ? &*limited : &policy));
  return limited;
}

}  // namespace

TEST_CASE("an entry with a duration lasts no longer on the boot-time clock") {
  // Allowed for 3 s at 100 s after the boot, while the clock was thirty years ahead.
  const Timestamp until = kNoon + 30 * kYear + 103 * kSecond;
  const auto entries = std::vector{lasting("203.0.113.7", until, boot(103))};
  const Policy list = policy({range("203.0.113.7", until)});
  const Now ahead{kNoon + 30 * kYear + 100 * kSecond, boot(100)};
  const Now right{kNoon + 200 * kSecond, boot(200)};
  CHECK_FALSE(limited(list, entries, ahead));
  const auto judged = limited(list, entries, right);
  REQUIRE(judged);
  CHECK(judged->ranges[0].until == kNoon + 103 * kSecond);
}

TEST_CASE("another entry is none of it") {
  const auto entries = std::vector{lasting("203.0.113.7", kNoon + kYear, boot(1))};
  const Now now{kNoon, boot(100)};
  for (const Range& other :
       {range("203.0.113.8", kNoon + kYear), range("203.0.113.7", kNoon + kYear + kSecond),
        range("203.0.113.7", kNoon + kYear, Kind::kExcept),
        range("203.0.113.0/24", kNoon + kYear)}) {
    CHECK_FALSE(limited(policy({other}), entries, now));
    CHECK(keep_lasting(entries, policy({other})).empty());
  }
  Range permanent = range("203.0.113.7", 0);
  permanent.until.reset();
  CHECK_FALSE(limited(policy({permanent}), entries, now));
}

TEST_CASE("an end is never made later, nor moved by what clocks are disciplined by") {
  const Now now{kNoon, boot(100)};
  const Policy list = policy({range("203.0.113.7", kNoon + 50 * kSecond)});
  for (const std::uint64_t end : {boot(149), boot(150), boot(5000), ~std::uint64_t{0}}) {
    CHECK_FALSE(limited(list, {lasting("203.0.113.7", kNoon + 50 * kSecond, end)}, now));
  }
  CHECK(limited(list, {lasting("203.0.113.7", kNoon + 50 * kSecond, boot(147))}, now));
  CHECK(limited(list, {lasting("203.0.113.7", kNoon + 50 * kSecond, 0)}, now));
}

TEST_CASE("of an earlier boot what was left is left from the beginning of this one") {
  GenerationMeta meta;
  meta.stamp = Stamp{{kNoon, boot(100)}, "that", std::nullopt};
  meta.lasting = {lasting("203.0.113.7", kNoon, boot(103)),
                  lasting("203.0.113.8", kNoon, boot(90))};
  CHECK(lasting_now(meta, "that") == meta.lasting);
  for (const char* boot_id : {"this", ""}) {
    const auto now = lasting_now(meta, boot_id);
    REQUIRE(now.size() == 2);
    CHECK(now[0].end == boot(3));
    CHECK(now[1].end == 0);
  }
}

TEST_CASE("the time that the host was off counts, where the wall clock knows of it") {
  // Given 2 h at noon, 100 s after a boot, while the clock was thirty years ahead or right.
  const Timestamp until = kNoon + 30 * kYear;
  const Policy list = policy({range("203.0.113.7", until)});
  GenerationMeta meta;
  meta.lasting = {lasting("203.0.113.7", until, boot(100 + 7200))};
  const auto end_after = [&](std::optional<Timestamp> before, Timestamp clock, Timestamp off) {
    meta.stamp = Stamp{{clock, boot(100)}, "that", before};
    const Now now{kNoon + off, boot(10)};
    const auto judged = limited(list, lasting_now(meta, "this"), now);
    REQUIRE(judged);
    return *judged->ranges[0].until - now.wall;
  };
  const Timestamp ahead = kNoon + 30 * kYear - 7200 * kSecond;
  const Timestamp right = kNoon - 100 * kSecond;  // as an offset of the clocks
  SECTION("a spike whose true clock is known") {
    CHECK(end_after(right, ahead, 3600 * kSecond) == 3600 * kSecond);
    CHECK(end_after(right, ahead, 86'400 * kSecond) < 0);
  }
  SECTION("a clock that was right") {
    CHECK(end_after(std::nullopt, kNoon, 3600 * kSecond) == 3600 * kSecond);
  }
  SECTION("nothing is known of it: what was left is left") {
    CHECK(end_after(std::nullopt, ahead, 3600 * kSecond) == 7190 * kSecond);
  }
  SECTION("a clock that is behind now gives no more than what was left") {
    CHECK(end_after(std::nullopt, kNoon, -50 * kYear) == 7190 * kSecond);
  }
}

TEST_CASE("numbers of a damaged record end nothing and crash nothing") {
  GenerationMeta meta;
  meta.stamp = Stamp{{std::numeric_limits<Timestamp>::max(), boot(1)}, "that", std::nullopt};
  meta.lasting = {lasting("203.0.113.7", kNoon, ~std::uint64_t{0})};
  CHECK(lasting_now(meta, "this")[0].by_wall == std::numeric_limits<Timestamp>::max());
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
