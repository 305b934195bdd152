// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <ctime>
#include <optional>

namespace apiguard::bench {

// CPU time that packets take: of this thread, and of the kernel's own thread for what a busy
// receiver leaves over (ksoftirqd). What other tasks take meanwhile does not count, and it has
// parts of nanoseconds, which the kernel's own average of test runs has not.
class CpuTime {
 public:
  // This thread alone.
  CpuTime() = default;
  // With the ksoftirqd of the CPU it stays on. In a container that cannot see it: of the wall
  // clock.
  explicit CpuTime(int cpu);

  [[nodiscard]] double nanoseconds() const;

 private:
  clockid_t clock_ = CLOCK_THREAD_CPUTIME_ID;
  std::optional<clockid_t> kernel_;
};

}  // namespace apiguard::bench
