// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/metrics.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "apiguard/abi.h"
#include "loader/datapath/generation.hpp"
#include "loader/host/files.hpp"
#include "loader/publish/unused.hpp"
#include "loader/publish/used.hpp"
#include "loader/service/snapshot.hpp"

namespace apiguard::service {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1'000'000'000;
constexpr std::int64_t kUnusedFor = 30 * kDay;  // HELP of the metric says it, too

std::vector<Timestamp> find_ends(const RangeRefs& ranges) {
  std::vector<Timestamp> ends;
  for (const Range* range : ranges) {
    if (range->until) ends.push_back(*range->until);
  }
  std::sort(ends.begin(), ends.end());
  return ends;
}

std::optional<std::size_t> count_unused(const Places& places, const publish::World& world,
                                        const RangeRefs& ranges) {
  const auto used = publish::read_used(places, world);
  if (!used) return std::nullopt;
  const auto unused = publish::find_unused(world, *used, ranges, kUnusedFor);
  if (!unused.in_doubt.empty()) return std::nullopt;
  return unused.ranges.size();
}

void take_counted(const Counted& counted, report::Metrics& metrics) {
  const auto next = std::upper_bound(counted.ends.begin(), counted.ends.end(), metrics.now);
  metrics.expiring = static_cast<std::size_t>(counted.ends.end() - next);
  if (next != counted.ends.end()) metrics.next_end = *next;
  metrics.unused = counted.unused;
}

}  // namespace

Counted count_ranges(const Places& places, const publish::World& world) {
  if (!world.in_force) return {};
  const Policy* policy = world.in_force->policy();
  if (policy == nullptr) return {};
  const RangeRefs ranges = deciding_ranges(policy->ranges);
  return {world.in_force->generation, find_ends(ranges), count_unused(places, world, ranges)};
}

report::Metrics measure(const Places& places, const publish::World& world, report::Status status,
                        const Counted& counted) {
  report::Metrics metrics;
  metrics.status = std::move(status);
  metrics.now = publish::clocks(world).wall;
  metrics.version = APIGUARD_VERSION;
  if (const auto snapshot = read_snapshot(places.run_dir)) metrics.lost = snapshot->lost;
  metrics.build = fmt::format("{:016x}", datapath::program_build());
  metrics.abi = APIGUARD_ABI;
  if (!world.in_force) return metrics;
  const std::uint64_t generation = world.in_force->generation;
  if (const auto meta = StateDir(places.state_dir).read_meta(generation))
    metrics.published = meta->time;
  if (counted.generation == generation) take_counted(counted, metrics);
  return metrics;
}

Result<> write_textfile(const std::string& path, const report::Metrics& metrics) {
  return replace_snapshot(path, report::to_prometheus(metrics));
}

}  // namespace apiguard::service
