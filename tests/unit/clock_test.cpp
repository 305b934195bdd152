// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/clock.hpp"

#include <chrono>
#include <ctime>

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
