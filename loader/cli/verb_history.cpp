// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/records.hpp"
#include "loader/report/history.hpp"

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"

namespace apiguard::cli {
namespace {

// Those that were in force. Of a damaged one it is told, and what its record still says is shown.
std::vector<GenerationMeta> read_metas(const StateDir& state, const publish::World& world) {
  std::vector<GenerationMeta> metas;
  for (auto kept = world.records.rbegin(); kept != world.records.rend(); ++kept) {
    if (!publish::was_in_force(world, *kept)) continue;
    if (const auto stored = state.read(kept->generation); !stored) note(stored.error().message);
    if (kept->meta) metas.push_back(*kept->meta);
  }
  return metas;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const HistoryOptions& options) {
  const auto world = look_for_reading(line.host);
  if (!world) return fail(world.error());
  if (world->state_error) return fail(Exit::kFailed, *world->state_error);

  if (world->mark_error) note(*world->mark_error);
  const StateDir& state = line.host.state;
  report::History history{read_metas(state, *world), std::nullopt};
  if (world->in_force) history.in_force = world->in_force->generation;
  if (world->in_force && !world->in_force->stored) note(text_unknown(*world->in_force).message);
  print(options.json
            ? report::to_json(history)
            : report::to_text(history, publish::clocks(*world).wall, view_of(options.wide)));
  return Exit::kDone;
}

}  // namespace apiguard::cli
