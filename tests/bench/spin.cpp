// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/spin.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>

namespace apiguard::bench {
namespace {

void stay_on(int cpu) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  sched_setaffinity(0, sizeof(one), &one);
}

std::int64_t longest_gap(const std::atomic<bool>& stopped) {
  using Clock = std::chrono::steady_clock;
  Clock::duration longest{};
  Clock::time_point before = Clock::now();
  while (!stopped.load(std::memory_order_relaxed)) {
    const Clock::time_point now = Clock::now();
    longest = std::max(longest, now - before);
    before = now;
  }
  return std::chrono::nanoseconds(longest).count();
}

}  // namespace

Spinners::Spinners() {
  const auto cpus = static_cast<int>(std::thread::hardware_concurrency());
  for (int cpu = 0; cpu < cpus; ++cpu) {
    threads_.emplace_back([this, cpu] {
      stay_on(cpu);
      const std::int64_t mine = longest_gap(stopped_);
      std::int64_t seen = longest_.load();
      while (seen < mine && !longest_.compare_exchange_weak(seen, mine)) {
      }
    });
  }
}

Spinners::~Spinners() { (void)stop(); }

double Spinners::stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return static_cast<double>(longest_.load()) / 1e6;
}

}  // namespace apiguard::bench
