// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <utility>

#include "loader/cli/change.hpp"
#include "loader/cli/queueing.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const RevokeOptions& options) {
  const auto queued =
      queued_change(line, options.flags, publish::RevokeChange{options.selectors}, {});
  ChangeKind kind;
  kind.queued = &queued;
  return change(line, options.flags, kind, [&](const publish::World& world) {
    return publish::request_edit(line.places, world, publish::Which::kRanges, options.flags.strict,
                                 [&](const Sources& sources) -> Result<Edited> {
                                   const Taken taken = take(world.floor);
                                   auto edited = publish::edit_list(queued, sources.ranges,
                                                                    publish::Elsewhere(sources),
                                                                    taken.now.wall, taken);
                                   if (!edited) return fail(edited.error());
                                   return std::move(edited->edited);
                                 });
  });
}

}  // namespace apiguard::cli
