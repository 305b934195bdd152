// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/clock.hpp"

#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <sstream>
#include <string_view>

#include "loader/base/time.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);  // cannot fail: both clocks exist since Linux 2.6.39
  return seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

// Empty: not to be read.
std::string read_link(const char* path) {
  std::array<char, 64> text{};
  const ssize_t length = readlink(path, text.data(), text.size());
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

// A process never changes its time namespace after it was started.
const Result<nanoseconds>& boot_offset() {
  static const Result<nanoseconds> offset =
      boot_offset_in({read_link("/proc/self/ns/time"), read_link("/proc/self/ns/time_for_children"),
                      read_text("/proc/self/timens_offsets").value_or("")});
  return offset;
}

// Without the privilege to ask it is taken for what it would be if nobody had set it.
bool is_synchronised() {
  timex state{};
  return adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
}

}  // namespace

std::string read_boot_id() {
  auto text = read_text("/proc/sys/kernel/random/boot_id");
  if (!text) return {};
  text->erase(std::min(text->find('\n'), text->size()));
  return *text;
}

// Boot time first: a pause between the two makes a deadline (boot + until - wall) come early, never
// late.
Now read_clocks() {
  Now now;
  now.boot = BootTime(read_clock(CLOCK_BOOTTIME) - boot_offset().value_or(0ns));
  now.wall = Timestamp(read_clock(CLOCK_REALTIME));
  return now;
}

Reading read_all_clocks() {
  static const std::string boot_id = read_boot_id();
  return {read_clocks(), boot_id, is_synchronised()};
}

Result<> check_boot_clock() {
  if (boot_offset()) return {};
  return fail_in(
      "clock 'CLOCK_BOOTTIME': is shifted by a time namespace, and by how much cannot be "
      "told",
      boot_offset().error());
}

Result<nanoseconds> boot_offset_in(const TimeNamespace& here) {
  constexpr std::string_view kInitial = "time:[4026531834]";   // the same on every host
  if (here.ours.empty() || here.ours == kInitial) return 0ns;  // no /proc, or no such namespaces
  if (here.ours != here.of_children)
    return fail(Exit::kFailed, "'/proc/self/timens_offsets' describes another namespace");
  std::istringstream lines(here.offsets);
  std::string clock;
  std::int64_t whole = 0;
  std::int64_t rest = 0;
  while (lines >> clock >> whole >> rest) {
    if (clock == "boottime") return seconds(whole) + nanoseconds(rest);
  }
  return fail(Exit::kFailed, "'/proc/self/timens_offsets' has no such offset");
}

}  // namespace apiguard
