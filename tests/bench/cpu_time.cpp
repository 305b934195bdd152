// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/cpu_time.hpp"

#include <filesystem>
#include <string>

#include "tests/bench/machine.hpp"

namespace apiguard::bench {
namespace {

double read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::optional<clockid_t> clock_of_task(const std::string& name) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    if (first_line(entry.path() / "comm") != name) continue;
    clockid_t clock{};
    if (clock_getcpuclockid(std::stoi(entry.path().filename()), &clock) == 0) return clock;
  }
  return std::nullopt;
}

}  // namespace

CpuTime::CpuTime(int cpu) : kernel_(clock_of_task("ksoftirqd/" + std::to_string(cpu))) {
  if (!kernel_) clock_ = CLOCK_MONOTONIC;
}

double CpuTime::nanoseconds() const { return read(clock_) + (kernel_ ? read(*kernel_) : 0); }

}  // namespace apiguard::bench
