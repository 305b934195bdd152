// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// For LD_PRELOAD: moves the wall clock of a process, while the machine's own stays as it is. The
// file that CLOCK_FILE names says by how many seconds and, as a second word, "synchronised" if
// adjtimex(2) is to say so.
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

struct Moved {
  long long seconds = 0;
  bool synchronised = false;
};

Moved read_file() {
  Moved moved;
  const char* path = std::getenv("CLOCK_FILE");
  std::FILE* file = path != nullptr ? std::fopen(path, "re") : nullptr;
  if (file == nullptr) return moved;
  std::array<char, 32> word{};
  if (std::fscanf(file, "%lld %31s", &moved.seconds, word.data()) == 2)
    moved.synchronised = std::strcmp(word.data(), "synchronised") == 0;
  static_cast<void>(std::fclose(file));
  return moved;
}

int answer(timex* state) {
  *state = {};
  const bool synchronised = read_file().synchronised;
  state->status = synchronised ? STA_PLL : STA_UNSYNC;
  return synchronised ? TIME_OK : TIME_ERROR;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += read_file().seconds;
  return static_cast<int>(result);
}

int adjtimex(timex* state) noexcept { return answer(state); }

int clock_adjtime(clockid_t /*clock*/, timex* state) noexcept { return answer(state); }

}  // extern "C"
