// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/diff.hpp"

#include <unistd.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/report/change.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const DiffOptions& options) {
  const auto sources = read_sources(line.places.config);
  if (!sources) return fail(sources.error());
  const auto files = parse_policy(*sources);
  if (!files) return fail(files.error());
  const auto world = look_for_reading(line.places);
  if (!world) return fail(world.error());
  const auto& in_force = world->in_force;
  if (in_force && !in_force->policy) return fail(text_unknown(*in_force));
  if (!in_force) note(kNothingInForce);

  report::Diff diff;
  if (in_force) diff.generation = in_force->generation;
  diff.difference = difference(in_force ? *in_force->policy : Policy{}, files->policy);
  if (options.json) {
    print(report::to_json(diff));
  } else if (diff.differs()) {
    print(report::preview(diff.difference, report::colour_wanted(STDOUT_FILENO)));
  }
  return diff.differs() ? Exit::kNo : Exit::kDone;
}

}  // namespace apiguard::cli
