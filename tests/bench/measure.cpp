// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/measure.hpp"

#include <linux/bpf.h>

#include <cmath>

namespace apiguard::bench {
namespace {

constexpr std::uint32_t kWarmUp = 1U << 16;

std::uint32_t action_of(const Verdict& verdict) {
  return verdict.outcome == APIGUARD_DROP ? XDP_DROP : XDP_PASS;
}

// A number for packets that were judged otherwise is none.
double run_checked(const Contender& contender, const Verdict& verdict, std::uint32_t packets) {
  contender.harness->aim(contender.program);
  if (contender.program.counters_fd < 0)
    return contender.harness->run(*contender.frame, packets, action_of(verdict));
  const Count before = counted(contender.program, verdict);
  const double nanoseconds = contender.harness->run(*contender.frame, packets, action_of(verdict));
  const Count after = counted(contender.program, verdict);
  if (after.expected - before.expected != packets || after.all - before.all != packets)
    broken(contender.name + " judged " + std::to_string(after.expected - before.expected) + " of " +
           std::to_string(packets) + " packets as expected");
  return nanoseconds;
}

double to_hundredths(double value) { return std::round(value * 100) / 100; }

}  // namespace

std::vector<Measured> measure(const std::vector<Contender>& contenders, const Verdict& verdict,
                              int runs, std::uint32_t packets) {
  std::vector<Measured> measured;
  for (const Contender& contender : contenders) {
    need_jit(contender.program);
    (void)run_checked(contender, verdict, kWarmUp);
    measured.push_back({contender.name, {}});
  }
  for (int run = 0; run < runs; ++run) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const std::size_t at = run % 2 == 0 ? i : contenders.size() - 1 - i;
      measured[at].runs.push_back(run_checked(contenders[at], verdict, packets));
    }
  }
  return measured;
}

Json to_json(const std::vector<Measured>& measured) {
  Json json = Json::object();
  for (const auto& [name, runs] : measured) {
    for (const double run : runs) json[name].push_back(to_hundredths(run));
  }
  return json;
}

}  // namespace apiguard::bench
