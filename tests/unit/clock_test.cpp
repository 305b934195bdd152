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
  CHECK(first.wall >= Timestamp(system));
  CHECK(first.wall - Timestamp(system) < 1min);
  CHECK(second.boot >= first.boot);

  timespec boot{};
  REQUIRE(clock_gettime(CLOCK_BOOTTIME, &boot) == 0);
  CHECK(first.boot.time_since_epoch() / 1s <= boot.tv_sec);
  CHECK(first.boot.time_since_epoch() / 1s + 60 > boot.tv_sec);
}

TEST_CASE("the offset of a time namespace") {
  const auto offset = [](const char* text) {
    return boot_offset_in({"time:[1]", "time:[1]", text});
  };
  CHECK(offset("monotonic           0         0\nboottime       100000         7\n") ==
        100'000s + 7ns);
  CHECK(offset("boottime -5 0\n") == -5s);
  CHECK(offset("monotonic 3 0\nboottime 0 0\n") == 0s);
  for (const char* text : {"", "monotonic 1 0\n", "boottime\n", "boottime x 0\n", "boottime 1"}) {
    INFO(text);
    CHECK_FALSE(offset(text));
  }
}

TEST_CASE("offsets of another time namespace are not taken for ours") {
  const char* const kInitial = "time:[4026531834]";
  const char* const kShifted = "boottime 100000 0\n";
  CHECK(boot_offset_in({"", "", ""}) == 0s);  // no /proc
  CHECK(boot_offset_in({kInitial, kInitial, "boottime 0 0\n"}) == 0s);
  CHECK(boot_offset_in({kInitial, "time:[1]", kShifted}) == 0s);  // unshared, and not entered
  CHECK_FALSE(boot_offset_in({"time:[1]", "time:[2]", kShifted}));
  CHECK_FALSE(boot_offset_in({"time:[1]", "", kShifted}));
}

TEST_CASE("this boot has a name, and no namespace hides the kernel's clock") {
  CHECK(read_all_clocks().boot_id.size() == 36);
  CHECK(check_boot_clock());
}
