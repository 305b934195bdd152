// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/counters.hpp"

#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "loader/datapath/maps.hpp"

namespace apiguard::ledger {

Result<apiguard_counters> read_counters(int counters_fd) {
  const int cpus = datapath::count_cpus();
  if (cpus < 0)
    return fail(Exit::kFailed, "counters: count the CPUs: " + std::string(std::strerror(-cpus)),
                -cpus);
  std::vector<apiguard_counters> per_cpu(static_cast<std::size_t>(cpus));
  const __u32 key = 0;
  if (const int error = datapath::look_up(counters_fd, &key, per_cpu.data()); error != 0)
    return fail(Exit::kFailed, fmt::format("counters: read: {}", std::strerror(error)), error);
  apiguard_counters sum{};
  for (const apiguard_counters& one : per_cpu) {
    for (int outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
      for (int reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
        sum.packets[outcome][reason] += one.packets[outcome][reason];
      }
    }
  }
  return sum;
}

std::uint64_t count_denied(const apiguard_counters& counters) {
  std::uint64_t sum = 0;
  for (const int outcome : {APIGUARD_DROP, APIGUARD_WOULD_DROP}) {
    for (const __u64 packets : counters.packets[outcome]) sum += packets;
  }
  return sum;
}

}  // namespace apiguard::ledger
