// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/queueing.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/leases.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const RevokeOptions& options) {
  const auto queued = queued_change(
      line, options.flags, publish::RevokeChange{options.selectors, options.if_listed}, {});
  ChangeKind kind;
  kind.queued = &queued;
  return change(line, options.flags, kind, [&](const publish::World& world) {
    return publish::request_revoke(line.host, world, options.flags.strict, queued);
  });
}

}  // namespace apiguard::cli
