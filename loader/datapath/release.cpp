// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/release.hpp"

#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "loader/fd.hpp"

namespace apiguard::datapath {
namespace {

// Until a program that nothing refers to has let go of its maps, and they of theirs: two grace
// periods and a few turns of a kernel worker (5.10 to 6.18). Too short is no harm: what is let go
// of earlier is freed with the array that holds it.
constexpr int kGracePeriods = 3;
constexpr long kTurn = 100'000'000;  // nanoseconds
// A trie takes some 6 ms to free.
constexpr long kBetweenTries = 20'000'000;

void sleep_for(long nanoseconds) {
  const timespec time{0, nanoseconds};
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

// The child of a process with threads: nothing here allocates, locks or prints. First of all goes
// what others wait for: the lock of the verb, the pipe that its output is read from.
[[noreturn]] void let_go(const std::vector<int>& tries) {
  if (!close_all_but(tries) || setsid() < 0 || chdir("/") != 0) _exit(1);
  (void)prctl(PR_SET_NAME, "apiguard-free");
  for (int i = 0; i < kGracePeriods; ++i) wait_for_grace_period();
  for (const int trie : tries) {
    close(trie);
    sleep_for(kBetweenTries);
  }
  _exit(0);
}

void let_go_in_turn(const std::vector<Fd>& tries) {
  if (tries.empty()) return;
  std::vector<int> ascending;
  for (const Fd& trie : tries) ascending.push_back(trie.get());
  std::sort(ascending.begin(), ascending.end());
  if (fork() == 0) let_go(ascending);
}

}  // namespace

Result<> drop_generation(const Pins& pins, std::uint64_t number) {
  // A CPU may be about to hand its packet over to the program in an array that only the pin keeps.
  if (pins.open_joined(number)) wait_for_programs();
  const std::vector<Fd> tries = pins.open_tries(number);
  auto unpinned = pins.unpin_generation(number);
  if (unpinned) let_go_in_turn(tries);
  return unpinned;
}

}  // namespace apiguard::datapath
