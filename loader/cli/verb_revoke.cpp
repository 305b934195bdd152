// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {
Result<Exit> run(const CommandLine& line, const RevokeOptions& options) {
  return change(line, options.flags, {}, [&](const publish::World& world) {
    return publish::request_edit(line.places, world, publish::Which::kRanges, options.flags.strict,
                                 [&](const Sources& sources) {
                                   return remove_ranges(sources.ranges, options.selectors,
                                                        entries_elsewhere(sources),
                                                        publish::clocks(world).wall);
                                 });
  });
}

}  // namespace apiguard::cli
