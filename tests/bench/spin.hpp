// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How long a CPU is kept from a user task that always wants it.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace apiguard::bench {

// One thread a CPU that does nothing but read the clock, from construction to stop().
class Spinners {
 public:
  Spinners();
  Spinners(const Spinners&) = delete;
  Spinners& operator=(const Spinners&) = delete;
  ~Spinners();

  // The longest time between two reads on any CPU, milliseconds.
  [[nodiscard]] double stop();

 private:
  std::atomic<bool> stopped_{false};
  std::atomic<std::int64_t> longest_{0};  // nanoseconds
  std::vector<std::thread> threads_;
};

}  // namespace apiguard::bench
