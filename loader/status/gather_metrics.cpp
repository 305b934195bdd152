// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/status/gather_metrics.hpp"

#include <fmt/format.h>

#include "apiguard/judge.h"
#include "loader/datapath/generation.hpp"
#include "loader/host/files.hpp"

namespace apiguard::status {

report::Metrics measure(const Host& host, const publish::World& world, report::Status status,
                        const report::Counted& counted) {
  report::Metrics metrics;
  metrics.status = std::move(status);
  metrics.now = publish::clocks(world).wall;
  metrics.version = APIGUARD_VERSION;
  metrics.build = fmt::format("{:016x}", datapath::program_build());
  metrics.abi = APIGUARD_ABI;
  if (const auto refused = read_refused(host.run_dir)) metrics.refused = *refused;
  if (!world.in_force) return metrics;
  const std::uint64_t generation = world.in_force->generation;
  if (const auto meta = host.state.read_meta(generation)) metrics.published = meta->time;
  if (counted.generation != generation) return metrics;
  metrics.expiring = counted.expiring;
  metrics.next_end = counted.next_end;
  metrics.unused = counted.unused;
  return metrics;
}

Result<> write_textfile(const std::string& path, const report::Metrics& metrics) {
  return replace_snapshot(path, report::to_prometheus(metrics));
}

}  // namespace apiguard::status
