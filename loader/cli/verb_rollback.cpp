// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/files.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {
namespace {

// Drop-ins that other tools wrote are never put back; a person who rolls back has to know.
void tell_differences(const CommandLine& line) {
  const auto world = publish::look(line.host);
  if (!world || !world->in_force || !world->in_force->stored) return;
  const auto files = read_sources(line.host.config);
  if (files && *files == world->in_force->stored->sources) return;
  note("the files still differ from what is in force: 'apiguard diff' shows where");
}

}  // namespace

Result<Exit> run(const CommandLine& line, const RollbackOptions& options) {
  ChangeKind kind;
  kind.where_detached = WhereDetached::kFails;
  kind.way_out = true;
  kind.overtakes = true;
  kind.ends_window = true;
  auto exit = change(line, options.flags, kind, [&](const publish::World& world) {
    return publish::request_rollback(line.host, world, options.generation);
  });
  if (exit && !options.flags.dry_run) tell_differences(line);
  return exit;
}

}  // namespace apiguard::cli
