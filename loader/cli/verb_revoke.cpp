// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <utility>

#include "loader/cli/change.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"
#include "loader/publish/revoke.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const RevokeOptions& options) {
  return change(line, options.flags, {}, [&](const publish::World& world) {
    publish::TakenOut taken;
    auto request = publish::request_edit(
        line.places, world, publish::Which::kRanges, options.flags.strict,
        [&](const Sources& sources) -> Result<Edited> {
          taken = publish::take_lapsing(world, sources, options.selectors);
          if (taken.rest.empty()) return Edited{sources.ranges.text, {}, false};
          return remove_ranges(sources.ranges, taken.rest, entries_elsewhere(sources),
                               publish::clocks(world).wall);
        });
    if (request && !taken.ranges.empty()) {
      request->book = std::move(taken.book);
      request->taken_out = std::move(taken.ranges);
    }
    return request;
  });
}

}  // namespace apiguard::cli
