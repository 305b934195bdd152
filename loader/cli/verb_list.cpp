// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <optional>
#include <utility>
#include <vector>

#include "loader/cli/filter.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/progress.hpp"
#include "loader/policy/grant_lease.hpp"
#include "loader/publish/lasting.hpp"
#include "loader/publish/unused.hpp"
#include "loader/report/list.hpp"
#include "loader/report/review.hpp"

namespace apiguard::cli {
namespace {

std::vector<report::BarLine> bars_of(const publish::World& world) {
  const Moment moment = publish::moment_of(world);
  std::vector<report::BarLine> lines;
  for (Bar& bar : live_bars(world.booked(), moment)) {
    const Timestamp until = end_of(bar.term, moment);
    lines.push_back({std::move(bar), until});
  }
  return lines;
}

void show(const ListOptions& options, const RangeRefs& ranges, const report::ListUsage& use,
          const std::vector<report::BarLine>& bars, Timestamp now) {
  progress::step("");
  if (options.review) {
    options.json ? report::review_json(ranges, use, now, to_stdout)
                 : report::review_text(ranges, use, now, to_stdout, view_of(options.wide));
  } else if (options.json) {
    report::list_json(ranges, use, bars, to_stdout);
  } else {
    if (!ranges.empty() || options.only.empty())
      report::list_text(ranges, use, now, to_stdout, view_of(options.wide));
    report::bars_text(bars, now, to_stdout, view_of(options.wide));
  }
}

// Leaves those that are not used; none if that cannot be known.
void keep_unused(const publish::World& world, const publish::UsageView& used,
                 std::chrono::nanoseconds lasts, RangeRefs& ranges) {
  auto unused = publish::find_unused(world, used, ranges, lasts);
  if (!unused.in_doubt.empty()) note(unused.in_doubt);
  ranges = std::move(unused.ranges);
}

}  // namespace

Result<Exit> run(const CommandLine& line, const ListOptions& options) {
  const auto world = look_for_reading(line.host);
  if (!world) return fail(world.error());
  for (const std::string& text : world->book.damage) note(text);
  if (!world->in_force) {
    note(nothing_in_force(line.host));
    if (options.json) show(options, {}, {}, keep_meant(options.only, bars_of(*world)), Timestamp());
    return Exit::kDone;
  }
  const publish::InForce& in_force = *world->in_force;
  const Policy* policy = world->judged();
  if (policy == nullptr) return fail(text_unknown(in_force));
  const Now now = publish::clocks(*world);
  if (mode_of(in_force) == Mode::kOff) note("mode is off: every packet passes, listed or not");

  RangeRefs ranges = keep_meant(options.only, deciding_ranges(policy->ranges));
  const auto bars = keep_meant(options.only, bars_of(*world));
  const publish::UsageView used = read_usage_or_say(line.host, *world);
  if (options.unused) keep_unused(*world, used, *options.unused, ranges);
  const report::ListUsage use{&used.log, used.observed_since};
  if (ranges.empty() && !options.only.empty())
    tell("no entry in force matches: 'apiguard list' shows all of them");
  show(options, ranges, use, bars, now.wall);
  return Exit::kDone;
}

}  // namespace apiguard::cli
