// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/release.hpp"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <ctime>
#include <string>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/time.hpp"

namespace apiguard::datapath {
namespace {

// Until a program that nothing refers to has let go of its maps, and they of theirs: two grace
// periods and a few turns of a kernel worker (5.10 to 6.18). Too short is no harm: what is let go
// of earlier is freed with the array that holds it.
constexpr int kGracePeriods = 3;
constexpr std::chrono::nanoseconds kTurn = 100ms;
// More than a verb ever has open; what lies beyond is closed by the end of the process.
constexpr int kDescriptors = 4096;
// A trie takes some 6 ms to free.
constexpr std::chrono::nanoseconds kBetweenTries = 20ms;

void sleep_for(std::chrono::nanoseconds span) {
  const timespec time{0, span.count()};
  nanosleep(&time, nullptr);
}

// Refused where CPUs run without a tick; the time that comes behind it is then what is waited for.
void wait_for_programs() { (void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0); }

void wait_for_grace_period() {
  wait_for_programs();
  sleep_for(kTurn);
}

// `kept` ascends.
bool close_all_but(const std::vector<int>& kept) {
  unsigned from = 0;
  for (const int fd : kept) {
    const auto at = static_cast<unsigned>(fd);
    if (at > from && close_range(from, at - 1, 0) != 0) return false;
    from = at + 1;
  }
  return close_range(from, ~0U, 0) == 0;
}

bool keep_over_exec(const std::vector<int>& kept) {
  return std::all_of(kept.begin(), kept.end(), [](int fd) { return fcntl(fd, F_SETFD, 0) == 0; });
}

// The child of a process with threads: nothing here allocates, locks or prints. First of all goes
// what others wait for: the lock of the verb, the pipe that its output is read from. The memory of
// a verb with a long list goes with a fresh start of this program; without one it is kept till the
// end.
[[noreturn]] void be_the_child(const std::vector<int>& tries, char* const* arguments) {
  if (!close_all_but(tries) || setsid() < 0 || chdir("/") != 0 || !keep_over_exec(tries)) _exit(1);
  execv("/proc/self/exe", arguments);
  free_in_background();
}

void free_in_turn(const std::vector<Fd>& tries, const std::string& directory) {
  if (tries.empty()) return;
  std::vector<int> ascending(tries.size());
  std::transform(tries.begin(), tries.end(), ascending.begin(),
                 [](const Fd& fd) { return fd.get(); });
  std::sort(ascending.begin(), ascending.end());
  std::string name = kFreeInBackground;
  std::string whose = directory;
  const std::array<char*, 3> arguments{name.data(), whose.data(), nullptr};
  if (fork() == 0) be_the_child(ascending, arguments.data());
}

}  // namespace

void free_in_background() {
  (void)prctl(PR_SET_NAME, kFreeInBackground);
  // A caller may read its signals from a descriptor; ending this process is to work all the same.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int i = 0; i < kGracePeriods; ++i) wait_for_grace_period();
  for (int fd = 0; fd < kDescriptors; ++fd) {
    if (close(fd) == 0) sleep_for(kBetweenTries);
  }
  _exit(0);
}

Result<> drop_generation(const Pins& pins, const Edition& edition) {
  // A CPU may be about to hand its packet over to the program in an array that only the pin keeps.
  if (pins.open_joined(edition)) wait_for_programs();
  const std::vector<Fd> tries = pins.open_tries(edition);
  auto unpinned = pins.unpin_generation(edition);
  if (unpinned) free_in_turn(tries, pins.directory());
  return unpinned;
}

}  // namespace apiguard::datapath
