// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/history.hpp"

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"

namespace apiguard::cli {
namespace {

// One that cannot be read is told and left out; the others are still worth seeing.
std::vector<GenerationMeta> read_metas(const StateDir& state,
                                       const std::vector<std::uint64_t>& numbers) {
  std::vector<GenerationMeta> metas;
  for (std::size_t i = numbers.size(); i-- > 0;) {
    auto meta = state.read_meta(numbers[i]);
    if (meta) {
      metas.push_back(std::move(*meta));
    } else {
      note(meta.error().message);
    }
  }
  return metas;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const HistoryOptions& options) {
  const auto world = look_for_reading(line.places);
  if (!world) return fail(world.error());
  if (world->state_error) return fail(Exit::kFailed, *world->state_error);

  const StateDir state(line.places.state_dir);
  report::History history{read_metas(state, world->stored), std::nullopt};
  if (world->in_force) history.in_force = world->in_force->generation;
  if (world->in_force && !world->in_force->stored) note(text_unknown(*world->in_force).message);
  print(options.json ? report::to_json(history) : report::to_text(history));
  return Exit::kDone;
}

}  // namespace apiguard::cli
