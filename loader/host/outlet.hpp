// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Output that nobody may read: a full pipe, a hung journal behind a stream socket, a stopped
// terminal. How long it is waited for is decided here, in one place:
//
//   the supervisor      never: what has no room is dropped and counted
//   a verb, locked      two seconds in all: the rest is kept, and comes when the lock is free
//   a verb otherwise    as long as it takes, as any command does
//
// O_NONBLOCK is never set on a descriptor of ours: its file is shared with whoever started us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace apiguard::outlet {

// To standard error or standard output (STDERR_FILENO, STDOUT_FILENO). Whole messages, each with
// its newline.
void put(int fd, std::string_view text);

// What is worth it only if there is room now: all, a part or nothing of it is written.
void put_if_room(int fd, std::string_view text);

// From now on this process never waits.
void never_wait();
// After a fork, with other descriptors in the place of standard error and output: as a verb does.
void wait_as_verbs_do();

// What was dropped by this process, since it began.
[[nodiscard]] std::uint64_t dropped();
// For what was to go elsewhere than here.
void count_dropped();
// Writes what is left of a message that was cut, and then how many were dropped since that was said
// last; to be called now and then by who never waits.
void catch_up();

// One lives as long as others wait for this process. When the last one ends, what was kept is
// written.
class Hurry {
 public:
  Hurry();
  Hurry(const Hurry&);
  Hurry(Hurry&&) noexcept;
  Hurry& operator=(const Hurry&) = default;
  Hurry& operator=(Hurry&&) = default;
  ~Hurry();
};

}  // namespace apiguard::outlet
