// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/progress.hpp"
#include "loader/report/list.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const ListOptions& options) {
  const auto world = look_for_reading(line.places);
  if (!world) return fail(world.error());
  if (!world->in_force) {
    note(kNothingInForce);
    if (options.json) report::list_json({}, to_stdout);
    return Exit::kDone;
  }
  const publish::InForce& in_force = *world->in_force;
  const Policy* policy = in_force.policy();
  if (policy == nullptr) return fail(text_unknown(in_force));
  if (mode_of(in_force) == Mode::kOff) note("mode is off: every packet passes, listed or not");

  const RangeRefs ranges = deciding_ranges(policy->ranges);
  const Timestamp now = publish::clocks(*world).wall;
  progress::step("");
  if (options.json) {
    report::list_json(ranges, to_stdout);
  } else {
    report::list_text(ranges, now, to_stdout);
  }
  return Exit::kDone;
}

}  // namespace apiguard::cli
