// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/steady.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include <fmt/format.h>

#include "loader/base/os_error.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds kQuiet = 50ms;
constexpr nanoseconds kLongest = 800ms;  // the last pause: in all 1.5 s

struct Stamp {
  off_t size = 0;
  // by the wall clock
  nanoseconds written{};
  nanoseconds changed{};

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

nanoseconds since_epoch(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

Result<Stamp> stamp_of(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "stat", os_error);
  }
  return Stamp{info.st_size, since_epoch(info.st_mtim), since_epoch(info.st_ctim)};
}

// Until the file has been left alone for a moment. That is over for all files that were written
// together. A time in the future says nothing.
void wait_for_writer(const Stamp& stamp) {
  timespec now{};  // not the coarse clock: since Linux 6.13 times of files may be finer than that
  clock_gettime(CLOCK_REALTIME, &now);
  const nanoseconds age = since_epoch(now) - stamp.written;
  if (age >= nanoseconds::zero() && age < kQuiet) std::this_thread::sleep_for(kQuiet - age);
}

}  // namespace

Result<std::string> read_steady(int fd, const std::string& path, Writers writers,
                                const std::function<Result<std::string>()>& read) {
  for (nanoseconds pause = kQuiet; pause <= kLongest; pause *= 2) {
    const auto before = stamp_of(fd, path);
    if (!before) return fail(before.error());
    auto text = read();
    if (!text) return text;
    if (writers == Writers::kWaitFor) wait_for_writer(*before);
    const auto after = stamp_of(fd, path);
    if (!after) return fail(after.error());
    if (*after == *before) return text;
    // Somebody is at it, and is waited for from now on.
    writers = Writers::kWaitFor;
    std::this_thread::sleep_for(pause);
  }
  return fail(Exit::kFailed,
              fmt::format("file '{}': read: it keeps changing; write a new file and rename it into "
                          "place (see authorized-ranges(5)), then try again",
                          path));
}

}  // namespace apiguard
