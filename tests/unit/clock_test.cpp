// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/clock.hpp"

#include <chrono>
#include <ctime>

#include "loader/compile/image.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

TEST_CASE("both clocks are read and go forward") {
  using std::chrono::system_clock;
  const auto system =
      std::chrono::duration_cast<std::chrono::nanoseconds>(system_clock::now().time_since_epoch());
  const Now first = read_clocks();
  const Now second = read_clocks();
  CHECK(first.wall >= system.count());
  CHECK(first.wall - system.count() < 60'000'000'000);
  CHECK(second.boot >= first.boot);

  timespec boot{};
  REQUIRE(clock_gettime(CLOCK_BOOTTIME, &boot) == 0);
  CHECK(first.boot / 1'000'000'000 <= static_cast<std::uint64_t>(boot.tv_sec));
  CHECK(first.boot / 1'000'000'000 + 60 > static_cast<std::uint64_t>(boot.tv_sec));
}

TEST_CASE("the wall clock is never earlier than asked for, and boot time is not touched") {
  const Now now = read_clocks();
  const Timestamp later = now.wall + 3'600'000'000'000;
  const Now held = read_clocks(later);
  CHECK(held.wall == later);
  CHECK(held.boot - now.boot < 60'000'000'000);
  CHECK(read_clocks(now.wall - 1).wall >= now.wall);
}

namespace {

constexpr Timestamp kSecond = 1'000'000'000;
constexpr Timestamp kHour = 3600 * kSecond;
constexpr Timestamp kNoon = 1'796'126'400 * kSecond;  // 2026-12-01T12:00:00Z
constexpr std::uint64_t kUptime = 7200ULL * kSecond;

// The deadline in the kernel, in seconds from `clocks.boot`, of a range that ends at `until`, when
// the newest generation is of the time `newest`; negative: past.
std::int64_t left(Timestamp until, const Now& clocks, Timestamp newest) {
  Policy policy;
  policy.ranges = {{parse_prefix("203.0.113.7")->prefix, Kind::kAllow, "", until, {}}};
  const auto image = compile(policy, 2, held(clocks, newest));
  REQUIRE(image);
  const std::uint64_t deadline =
      image->ranges4.front().values.front().allow_until & ~APIGUARD_LENGTH_MASK;
  CHECK(deadline != 0);  // that is no entry
  CHECK(deadline != APIGUARD_WITHOUT_END);
  return (static_cast<std::int64_t>(deadline) - static_cast<std::int64_t>(clocks.boot)) / kSecond;
}

}  // namespace

TEST_CASE("a publish at a clock that goes right counts from that clock") {
  CHECK(left(kNoon + kHour, {kNoon, kUptime}, kNoon - kHour) == 3600);
  CHECK(left(kNoon + kHour, {kNoon, kUptime}, 0) == 3600);  // the first generation
  CHECK(left(kNoon - kHour, {kNoon, kUptime}, kNoon - 2 * kHour) == -3600);
}

TEST_CASE("a publish after the wall clock was stepped forward brings ends closer") {
  CHECK(left(kNoon + kHour, {kNoon + 1800 * kSecond, kUptime}, kNoon) == 1800);
  CHECK(left(kNoon + kHour, {kNoon + 2 * kHour, kUptime}, kNoon) == -3600);
}

TEST_CASE("a publish after the wall clock was stepped back revives nothing that had ended") {
  // Ended when the newest generation was published; by the clock it has half an hour to go.
  CHECK(left(kNoon - 1800 * kSecond, {kNoon - kHour, kUptime}, kNoon) == -1800);
  // Live then: it lasts as long as it had left, not an hour longer.
  CHECK(left(kNoon + kHour, {kNoon - kHour, kUptime}, kNoon) == 3600);
}

TEST_CASE("a boot with a clock that was never set counts from the newest generation") {
  const Now boot{0, 5 * static_cast<std::uint64_t>(kSecond)};  // 1970, five seconds up
  CHECK(left(kNoon + kHour, boot, kNoon) == 3600);
  CHECK(left(kNoon - kHour, boot, kNoon) < 0);
  CHECK(left(kNoon, boot, kNoon) == 0);  // the end itself is past
}

TEST_CASE("a boot with a clock that goes right counts the time that the host was off") {
  const Now boot{kNoon + 1800 * kSecond, 5 * static_cast<std::uint64_t>(kSecond)};
  CHECK(left(kNoon + kHour, boot, kNoon) == 1800);
  CHECK(left(kNoon, boot, kNoon) < 0);
}
