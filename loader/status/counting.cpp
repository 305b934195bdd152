// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/status/counting.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "loader/base/time.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/publish/unused.hpp"
#include "loader/publish/usage.hpp"

namespace apiguard::status {
namespace {

constexpr std::chrono::nanoseconds kUnusedFor = 30 * 24h;  // HELP of the metric says it, too
constexpr int kShare = 10'000;                             // so many times as long as counting took

std::string path_in(const std::string& run_dir) { return run_dir + "/counted.json"; }

void count_ends(const RangeRefs& ranges, Timestamp now, report::Counted& counted) {
  for (const Range* range : ranges) {
    if (!range->until || *range->until <= now) continue;
    ++counted.expiring;
    counted.next_end = std::min(counted.next_end.value_or(*range->until), *range->until);
  }
}

std::optional<std::size_t> count_unused(const Host& host, const publish::World& world,
                                        const RangeRefs& ranges) {
  const auto used = publish::read_usage(host, world);
  const auto unused = publish::find_unused(world, used, ranges, kUnusedFor);
  if (!unused.in_doubt.empty()) return std::nullopt;
  return unused.ranges.size();
}

}  // namespace

report::Counted count_for_metrics(const Host& host, const publish::World& world) {
  if (!world.in_force) return {};
  const auto began = std::chrono::steady_clock::now();
  const Policy* policy = world.judged();
  if (policy == nullptr) return {};
  const RangeRefs ranges = deciding_ranges(policy->ranges);
  report::Counted counted;
  counted.generation = world.in_force->generation;
  count_ends(ranges, publish::clocks(world).wall, counted);
  counted.unused = count_unused(host, world, ranges);
  counted.boot_id = read_boot_id();
  counted.boot = read_clocks().boot;
  counted.took = std::chrono::steady_clock::now() - began;
  return counted;
}

Result<> write_counted(const std::string& run_dir, const report::Counted& counted) {
  return replace_snapshot(path_in(run_dir), report::show_counted(counted));
}

report::Counted read_counted(const std::string& run_dir) {
  const auto text = read_text(path_in(run_dir));
  if (!text) return {};
  return report::parse_counted(*text).value_or(report::Counted{});
}

bool is_good(const report::Counted& counted, std::uint64_t generation, const std::string& boot_id,
             const Now& now) {
  const std::chrono::nanoseconds age = now.boot - counted.boot;
  return counted.generation == generation && counted.boot_id == boot_id && age >= 0s &&
         (age < 1min || age / kShare < counted.took) &&
         (!counted.next_end || *counted.next_end > now.wall);
}

}  // namespace apiguard::status
