// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const ApplyOptions& options) {
  ChangeKind kind;
  kind.way_out = options.boot;  // a boot enforces what it can even where nothing can be written
  return change(line, options.flags, kind, [&](const publish::World& world) {
    return options.boot ? publish::request_boot(line.places, world)
                        : publish::request_files(line.places, world, options.flags.strict);
  });
}

}  // namespace apiguard::cli
