// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/floor.hpp"
#include "loader/base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "loader/compile/compile.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

using std::chrono::nanoseconds;

constexpr auto kYear = 365 * 24h;
constexpr Timestamp kNoon{1'796'126'400s};  // 2026-12-01T12:00:00Z
constexpr const char* kThis = "this boot";
constexpr const char* kEarlier = "an earlier boot";

constexpr bool kSynchronised = true;
constexpr bool kFree = false;

// `seconds` after the boot; the clock stands `error` off the right one, by which that was noon.
Now clocks(std::int64_t seconds, nanoseconds error = 0s) {
  return {kNoon + seconds * 1s + error, BootTime(seconds * 1s)};
}

// Writes generations as publishes do.
struct Host {
  Floor floor;
  const char* boot_id = kThis;
  nanoseconds start{};  // of this boot, against noon

  [[nodiscard]] Reading reading(std::int64_t seconds, nanoseconds error, bool synchronised) const {
    Now now = clocks(seconds, error + start);
    return {now, boot_id, synchronised};
  }
  void publish(std::int64_t seconds, nanoseconds error = 0s, bool synchronised = kFree) {
    const Reading at = reading(seconds, error, synchronised);
    const Taken taken = believed_time(floor, at);
    const std::uint64_t number = floor.generations.size() + 1;
    floor.generations.push_back({number, taken.now.wall, stamp(floor, at), false});
    floor.in_force = clock_offset(taken.now);
  }
  void trust(std::int64_t seconds, nanoseconds error) {
    const Floor before = std::exchange(floor, {});
    const Reading at = reading(seconds, error, kFree);
    floor = before;
    floor.generations.push_back({before.generations.size() + 1, at.now.wall, stamp({}, at), true});
    floor.in_force = clock_offset(at.now);
  }
  // As a boot publishes: the kernel knows, and no record is written.
  void reboot(nanoseconds after, nanoseconds error = 0s, bool synchronised = kFree) {
    start += after;
    boot_id = boot_id == kThis ? kEarlier : kThis;
    floor.in_force.reset();
    floor.in_force = clock_offset(believed_time(floor, reading(5, error, synchronised)).now);
  }
  // How far the time that is taken is off the right one.
  [[nodiscard]] nanoseconds off(std::int64_t seconds, nanoseconds error = 0s,
                                bool synchronised = kFree) const {
    return believed_time(floor, reading(seconds, error, synchronised)).now.wall -
           reading(seconds, 0s, kFree).now.wall;
  }
};

}  // namespace

TEST_CASE("without generations the clock is taken as it is") {
  const Host host;
  CHECK(host.off(10) == 0s);
  CHECK(host.off(10, -50 * kYear) == -50 * kYear);
  CHECK_FALSE(believed_time({}, host.reading(10, 0s, kFree)).is_held());
}

TEST_CASE("time is not earlier than the newest generation, and goes on from there") {
  Host host;
  host.publish(100);
  for (const nanoseconds back :
       {nanoseconds(1s), nanoseconds(1h), nanoseconds(48h), nanoseconds(56 * kYear)}) {
    INFO(back / 1s);
    CHECK(host.off(100, -back) == 0s);
    CHECK(host.off(5000, -back) == 0s);
    CHECK(host.off(5000, -back, kSynchronised) == (back > 24h ? -back : 0s));
  }
  CHECK(host.off(5000, 1h) == 1h);  // a step forward is taken
  const Taken taken = believed_time(host.floor, host.reading(5000, -1h, kFree));
  CHECK(taken.is_held());
  CHECK(taken.since == 1);
  CHECK(taken.now.wall - taken.clock == 1h);
  CHECK(taken.now.boot == BootTime(5000s));
}

TEST_CASE("a held time that is published again neither stands still nor runs away") {
  Host host;
  host.publish(100);
  for (const int seconds : {200, 300, 4000}) host.publish(seconds, -1h);
  CHECK(host.off(5000, -1h) == 0s);
  CHECK(host.off(5000, -2h) == 0s);
}

TEST_CASE("after a boot at least the time since then has passed") {
  Host host;
  host.publish(100);
  host.reboot(24h);
  const Timestamp published = kNoon + 100s;
  const auto taken = [&](nanoseconds error) {
    return believed_time(host.floor, host.reading(60, error, kFree)).now.wall;
  };
  CHECK(taken(0s) == kNoon + 24h + 60s);
  CHECK(taken(-56 * kYear) == published + 60s);  // 1970, without NTP
  CHECK(taken(-24h) == published + 60s);
}

TEST_CASE("a clock that was ahead for a moment holds nothing once it is right") {
  Host host;
  host.publish(100);
  host.publish(200, 30 * kYear);
  CHECK(host.off(201, 30 * kYear) == 30 * kYear);
  CHECK(host.off(203) == 0s);
  CHECK(host.off(203, 0s, kSynchronised) == 0s);
  CHECK(host.off(203, -1h) == 0s);  // the generation before the wrong one still holds
  host.publish(203);
  CHECK(host.off(204) == 0s);
  CHECK(host.off(204, -1h) == 0s);
  host.reboot(24h);
  CHECK(host.off(60) == 0s);
}

TEST_CASE("however much was published while it was ahead") {
  Host host;
  host.publish(100);
  for (int i = 0; i < 30; ++i) host.publish(200 + i, 30 * kYear);
  host.floor.generations.erase(host.floor.generations.begin(),
                               host.floor.generations.begin() + 21);  // ten are kept
  CHECK(host.off(300) == 0s);
}

TEST_CASE("two jumps, up and down") {
  Host host;
  host.publish(100);
  host.publish(200, 30 * kYear);
  host.publish(300, 60 * kYear);
  CHECK(host.off(400, 30 * kYear) == 30 * kYear);
  CHECK(host.off(400) == 0s);
  host.publish(400);
  host.publish(500, 2 * 24h);
  CHECK(host.off(501) == 0s);
  CHECK(host.off(501, -1h) == 0s);
}

TEST_CASE("a boot is before it, too") {
  Host host;
  host.publish(100);
  host.reboot(24h);
  host.publish(100, 30 * kYear);  // the boot itself wrote no record
  CHECK(host.off(101) == 0s);
}

TEST_CASE("a clock that was right is not taken for one that was ahead") {
  Host host;
  host.publish(100);
  host.publish(200, 24h);  // not by more than a day
  CHECK(host.off(300) == 24h);
  Host set;  // it was behind first, is set right, and then set back
  set.publish(10, -56 * kYear);
  set.publish(20);
  CHECK(set.off(30, -1h) == 0s);
  CHECK(set.off(30, -2 * 24h) == 0s);
  CHECK(set.off(30, -56 * kYear) == 0s);  // 1970 is no clock that was set
}

TEST_CASE("a clock that steps down twice was right in between") {
  Host host;
  host.publish(10, 2 * kYear);
  host.publish(20, 2 * kYear);
  CHECK(host.off(30) == 2 * kYear);  // nothing says that it was wrong before
  host.trust(40, 0s);
  CHECK(host.off(50) == 0s);
  CHECK(host.off(50, -2 * 24h) == 0s);
}

TEST_CASE("a clock ahead at the very first generation ends by NTP or by a person's word") {
  Host host;
  host.publish(10, 200 * kYear);
  CHECK(host.off(20) == 200 * kYear);
  CHECK(host.off(20, 0s, kSynchronised) == 0s);
  host.publish(20);  // poisoned: it inherits the time
  CHECK(host.off(30) == 200 * kYear);
  CHECK(host.off(30, 0s, kSynchronised) == 0s);
  Host trusted = host;
  trusted.trust(30, 0s);
  CHECK(trusted.off(40) == 0s);
  trusted.publish(40);
  trusted.reboot(24h);
  CHECK(trusted.off(60) == 0s);
  host.publish(30, 0s, kSynchronised);
  host.reboot(24h);
  CHECK(host.off(60) == 0s);
}

TEST_CASE("a synchronised clock is held by what is less than a day ahead") {
  Host host;
  host.publish(10, 24h - 1h);
  CHECK(host.off(20, 0s, kSynchronised) == 24h - 1h);
  CHECK(host.off(20, -2h, kSynchronised) == -2h);
  CHECK(host.off(80'000, -2h, kSynchronised) == -2h);  // and stays so
}

TEST_CASE("a person's word ends floors for good, but not those that come after it") {
  Host host;
  host.publish(10, 30 * kYear);
  host.trust(20, -24h);
  CHECK(host.off(30, -24h) == -24h);
  CHECK(host.off(30, -3 * 24h) == -24h);
  host.publish(40, 30 * kYear);  // again, and now (b) tells
  CHECK(host.off(50, -24h) == -24h);
  CHECK(host.off(50, -60 * kYear) == 30 * kYear);  // a clock that was never set tells nothing
}

TEST_CASE("records of older versions hold the time as those of another boot") {
  Host host;
  host.floor.generations.push_back({1, kNoon + 1h, std::nullopt, false});
  CHECK(host.off(60) == 1h);
  CHECK(host.off(120) == 1h);
  CHECK(host.off(60, 30 * kYear) == 30 * kYear);
  host.publish(200, 30 * kYear);
  CHECK(host.off(300) == 30 * kYear);  // the kernel did not say by which clock that was in force
  CHECK(host.off(300, 0s, kSynchronised) == 1h);
}

TEST_CASE("without a boot id nothing is known of this boot") {
  Host host;
  host.publish(100);
  host.publish(200, 30 * kYear);
  Reading reading = host.reading(300, 0s, kFree);
  reading.boot_id.clear();
  CHECK(believed_time(host.floor, reading).now.wall > kNoon + 29 * kYear);
}

TEST_CASE("a clock that jumped is known for it until the kernel calls it synchronised") {
  Host host;
  host.publish(100);
  const auto jumped = [&](nanoseconds error, bool synchronised) {
    return believed_time(host.floor, host.reading(200, error, synchronised)).jumped;
  };
  CHECK_FALSE(jumped(0s, kFree));
  CHECK_FALSE(jumped(24h, kFree));
  CHECK(jumped(2 * 24h, kFree));
  CHECK_FALSE(jumped(2 * 24h, kSynchronised));
  CHECK_FALSE(jumped(-2 * 24h, kFree));
  host.publish(150, 2 * 24h);
  CHECK(jumped(2 * 24h, kFree));
  host.trust(160, 2 * 24h);
  CHECK_FALSE(jumped(2 * 24h, kFree));
}

TEST_CASE("whatever numbers a damaged record holds") {
  constexpr Timestamp kMost = Timestamp::max();
  for (const Timestamp time : {kMost, timestamp_of(-nanoseconds_of(kMost)), Timestamp{}}) {
    for (const BootTime boot : {BootTime(), boot_time_of(~std::uint64_t{0})}) {
      const Stamp stamp{{timestamp_of(-nanoseconds_of(time)), boot}, kThis, time};
      const Floor floor{{{1, time, stamp, false}, {2, time, stamp, false}}, time};
      const Reading reading{clocks(100), kThis, kFree};
      CHECK(believed_time(floor, reading).now.wall >= reading.now.wall);
      CHECK(believed_time(floor, {reading.now, kThis, kSynchronised}).now.wall == reading.now.wall);
    }
  }
}

TEST_CASE("what is said of a clock that is held") {
  Host host;
  host.publish(100);
  CHECK(describe(believed_time(host.floor, host.reading(200, 0s, kFree))).empty());
  CHECK(describe(believed_time(host.floor, host.reading(200, -kClockTolerance, kFree))).empty());
  CHECK(describe(believed_time(host.floor, host.reading(200, -1h, kFree))) ==
        "clock '2026-12-01T11:03:20Z': is 1 h behind the time of generation 1: ranges expire as if "
        "it were 2026-12-01T12:03:20Z, and expired lines stay in the files; set the clock, or, if "
        "it is right now: apiguard apply --trust-clock");
}

TEST_CASE("clocks that were set, and clocks that are disciplined") {
  CHECK_FALSE(clock_was_set({}, Timestamp(2s)));
  CHECK(clock_was_set({}, Timestamp(2s + 1ns)));
  CHECK(clock_was_set({}, Timestamp(-3s)));
  CHECK(clock_offset({.wall = Timestamp(10s), .boot = BootTime(3s)}) == Timestamp(7s));
}

namespace {

// The deadline in the kernel, in seconds from now, of a range that ends at `until`; negative: past.
std::int64_t left(Timestamp until, const Now& now, std::optional<Timestamp> newest) {
  Policy policy;
  policy.ranges = {{parse_prefix("203.0.113.7")->prefix, Kind::kAllow, "", until, {}}};
  Floor floor;
  if (newest) floor.generations.push_back({1, *newest, Stamp{now, kThis, std::nullopt}, false});
  const auto image = compile(policy, 2, believed_time(floor, Reading{now, kThis, kFree}).now);
  REQUIRE(image);
  const std::uint64_t deadline =
      image->ranges4.front().values.front().allow_until & ~APIGUARD_LENGTH_MASK;
  CHECK(deadline != 0);  // that is no entry
  CHECK(deadline != APIGUARD_WITHOUT_END);
  return (boot_time_of(deadline) - now.boot) / 1s;
}

constexpr BootTime kUptime{7200s};

}  // namespace

TEST_CASE("a publish at a clock that goes right counts from that clock") {
  CHECK(left(kNoon + 1h, {kNoon, kUptime}, kNoon - 1h) == 3600);
  CHECK(left(kNoon + 1h, {kNoon, kUptime}, std::nullopt) == 3600);  // the first generation
  CHECK(left(kNoon - 1h, {kNoon, kUptime}, kNoon - 2h) == -3600);
}

TEST_CASE("a publish after the wall clock was stepped forward brings ends closer") {
  CHECK(left(kNoon + 1h, {kNoon + 1800s, kUptime}, kNoon) == 1800);
  CHECK(left(kNoon + 1h, {kNoon + 2h, kUptime}, kNoon) == -3600);
}

TEST_CASE("a publish after the wall clock was stepped back revives nothing that had ended") {
  // Ended when the newest generation was published; by the clock it has half an hour to go.
  CHECK(left(kNoon - 1800s, {kNoon - 1h, kUptime}, kNoon) == -1800);
  // Live then: it lasts as long as it had left, not an hour longer.
  CHECK(left(kNoon + 1h, {kNoon - 1h, kUptime}, kNoon) == 3600);
}

namespace {

Written written(std::uint64_t number, std::int64_t seconds, nanoseconds error = 0s,
                const char* boot_id = kThis) {
  const Now now = clocks(seconds, error);
  return {number, now.wall, Stamp{now, boot_id, std::nullopt}, false};
}

std::vector<std::uint64_t> numbers(const std::vector<Written>& all) {
  std::vector<std::uint64_t> out;
  out.reserve(all.size());
  for (const Written& one : all) out.push_back(one.generation);
  return out;
}

using Numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("the book is put among the generations where it was written") {
  const auto with = [](const Written& book) {
    Floor floor;
    for (const std::uint64_t number : {1U, 2U, 3U})
      floor.generations.push_back(written(number, static_cast<std::int64_t>(number) * 100));
    insert(floor, book);
    return numbers(floor.generations);
  };
  CHECK(with(written(0, 50)) == Numbers{0, 1, 2, 3});
  CHECK(with(written(0, 150)) == Numbers{1, 0, 2, 3});
  CHECK(with(written(0, 350)) == Numbers{1, 2, 3, 0});
  // Within a boot the clock has no say.
  CHECK(with(written(0, 150, 30 * kYear)) == Numbers{1, 0, 2, 3});
  CHECK(with(written(0, 350, -30 * kYear)) == Numbers{1, 2, 3, 0});
  // Of another boot only times are known.
  CHECK(with(written(0, 5, -1h, kEarlier)) == Numbers{0, 1, 2, 3});
  CHECK(with(written(0, 5, 1h, kEarlier)) == Numbers{1, 2, 3, 0});
  CHECK(with({0, kNoon + 250s, std::nullopt, false}) == Numbers{1, 2, 0, 3});
  Floor empty;
  insert(empty, written(0, 50));
  CHECK(numbers(empty.generations) == Numbers{0});
}

TEST_CASE("the book holds the time like a generation, and is said to") {
  Floor floor;
  insert(floor, written(0, 100));
  const Taken taken = believed_time(floor, {clocks(200, -1h), kThis, kFree});
  CHECK(taken.is_held());
  CHECK(taken.since == 0);
  CHECK(taken.now.wall == kNoon + 200s);
  CHECK(describe(taken).find("the book") != std::string::npos);
  // After a boot, too; and a person's word that came later ends it.
  CHECK(believed_time(floor, {clocks(60, -kYear), kEarlier, kFree}).now.wall == kNoon + 160s);
  Written trusted = written(1, 150, -24h);
  trusted.trusted = true;
  floor.generations.push_back(trusted);
  CHECK_FALSE(believed_time(floor, {clocks(200, -24h), kThis, kFree}).is_held());
}

TEST_CASE("of a file that is written again and again the times that say something are kept") {
  std::vector<Written> known;
  for (int i = 1; i <= 50; ++i) known = with_latest(known, written(0, i));
  REQUIRE(known.size() == 1);  // one clock
  CHECK(known[0].time == kNoon + 50s);

  known = with_latest(known, written(0, 60, 30 * kYear));
  known = with_latest(known, written(0, 61, 30 * kYear));
  REQUIRE(known.size() == 2);
  CHECK(known[0].time == kNoon + 50s);
  CHECK(known[1].time == kNoon + 61s + 30 * kYear);

  known = with_latest(known, written(0, 70));  // it came back
  REQUIRE(known.size() == 1);
  CHECK(known[0].time == kNoon + 70s);
}

TEST_CASE("of very many clocks eight times are kept, the first and the last of them") {
  std::vector<Written> known;
  for (int i = 0; i < 30; ++i) {
    known = with_latest(known, written(0, 10 + i, i * 2 * 24h));
    CHECK(known.size() <= 8);
    CHECK(known.front().time == kNoon + 10s);
    CHECK(known.back().time == kNoon + (10 + i) * 1s + i * 2 * 24h);
    CHECK(std::is_sorted(known.begin(), known.end(), [](const Written& a, const Written& b) {
      return a.stamp->now.boot < b.stamp->now.boot;
    }));
  }
  CHECK(known.size() == 8);
  std::vector<Written> boots;
  for (int i = 0; i < 30; ++i) {
    boots =
        with_latest(boots, {0, kNoon + i * 1ns, Stamp{clocks(5), std::to_string(i), {}}, false});
    CHECK(boots.front().time == kNoon);
    CHECK(boots.back().time == kNoon + i * 1ns);
    CHECK(boots.size() <= 8);
  }
}
