// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The time by which ends are judged: the wall clock, but never earlier than the newest generation,
// whose time goes on with the boot-time clock. So an end that has passed stays past, whatever
// becomes of the wall clock. A generation whose own clock was wrong is no such floor. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/time.hpp"

namespace apiguard {

// Clocks are disciplined in small steps.
inline constexpr std::chrono::nanoseconds kClockTolerance = 2s;

// Both clocks, and how far the wall clock is to be believed.
struct Reading {
  Now now;
  // empty: the kernel does not say
  std::string boot_id;
  // by the kernel's word, see adjtimex(2)
  bool synchronised = false;
};

// By which clocks a generation was written. Records of older versions hold none.
struct Stamp {
  // the wall clock as it stood, whatever time was taken
  Now now;
  std::string boot_id;
  // Another clock of the same boot, earlier, that stood more than a day behind this one: wall clock
  // less boot-time clock. None: not known.
  std::optional<Timestamp> before;
};

struct Written {
  // 0: the book (host/book_file.hpp)
  std::uint64_t generation = 0;
  // as it was taken
  Timestamp time{};
  std::optional<Stamp> stamp;
  // a person said then that the clock was right: nothing older is a floor
  bool trusted = false;
};

// Wall clock less boot-time clock, as ends are computed: when the boot was.
[[nodiscard]] Timestamp clock_offset(const Now& now);

// Whether two offsets differ by more than clocks are disciplined by.
[[nodiscard]] bool clock_was_set(Timestamp before, Timestamp now);

// What may hold the time; without generations nothing does.
struct Floor {
  // in the order in which they were written
  std::vector<Written> generations;
  // Wall clock less boot-time clock by which the generation in force computed its ends.
  std::optional<Timestamp> in_force;
};

// Adds what was written between generations, and bears no number of theirs, where it belongs.
void insert(Floor& floor, Written written);

// The times of a file that is written again and again, oldest first: `latest` besides those that
// still say something. Of a clock that comes back to where it stood the time away from it is
// forgotten; at most eight are kept, the first of them always.
[[nodiscard]] std::vector<Written> with_latest(std::vector<Written> known, Written latest);

struct Taken {
  // wall: the time that is taken
  Now now;
  Timestamp clock{};
  // Of the newest generation that is a floor and later than the clock. 0: none is, or it is the
  // book that holds the time.
  std::uint64_t since = 0;
  // The clock stands more than a day ahead of where it stood earlier in this boot, and the kernel
  // does not call it synchronised.
  bool jumped = false;

  // By more than clocks are disciplined by.
  [[nodiscard]] bool is_held() const { return now.wall - clock > kClockTolerance; }
};

[[nodiscard]] Taken believed_time(const Floor& floor, const Reading& reading);

// What a generation that is written now keeps of the clocks.
[[nodiscard]] Stamp stamp(const Floor& floor, const Reading& reading);

// "the clock says ..., 3 d 4 h earlier than the time of generation 17, which ...": for people, and
// with the command that helps. Empty where no floor holds.
[[nodiscard]] std::string describe(const Taken& taken);

}  // namespace apiguard
