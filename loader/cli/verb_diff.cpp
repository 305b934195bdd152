// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/diff.hpp"

#include <unistd.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/report/change.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::cli {
namespace {

Result<Difference> compare(const Sources& files, const publish::World& world) {
  const auto& in_force = world.in_force;
  if (in_force && in_force->stored && in_force->stored->sources == files) return Difference{};
  const auto parsed = parse_policy(files);
  if (!parsed) return fail(parsed.error());
  if (!in_force) return difference(Policy{}, parsed->policy);
  const Policy* before = in_force->policy();
  if (before == nullptr) return fail(text_unknown(*in_force));
  return difference(*before, parsed->policy);
}

}  // namespace

Result<Exit> run(const CommandLine& line, const DiffOptions& options) {
  const auto sources = read_sources(line.host.config);
  if (!sources) return fail(sources.error());
  print_warnings(sources->warnings);
  const auto world = look_for_reading(line.host);
  if (!world) return fail(world.error());
  if (!world->in_force) note(nothing_in_force(line.host));
  auto difference = compare(*sources, *world);
  if (!difference) return fail(difference.error());

  report::Diff diff;
  if (world->in_force) diff.generation = world->in_force->generation;
  diff.difference = std::move(*difference);
  if (options.json) {
    print(report::to_json(diff));
  } else if (diff.differs()) {
    print(report::preview(diff.difference, report::colour_wanted(STDOUT_FILENO)));
  }
  return diff.differs() ? Exit::kNo : Exit::kDone;
}

}  // namespace apiguard::cli
