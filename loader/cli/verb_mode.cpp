// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {

// off and audit are ways out: they start from the generation in force. enforce is a change like any
// other.
Result<Exit> run(const CommandLine& line, const ModeOptions& options) {
  ChangeKind kind;
  if (options.mode != Mode::kOff) kind.where_detached = WhereDetached::kFails;
  kind.looks_at_doors = true;
  // What is going to be refused stands in nobody's way.
  kind.way_out = options.mode != Mode::kEnforce && !options.asks;
  kind.overtakes = kind.way_out;
  kind.asks_for_boot = options.mode == Mode::kEnforce;
  kind.ends_window = options.mode == Mode::kOff && !options.asks;
  return change(line, options.flags, kind, [&](const publish::World& world) {
    auto request =
        options.mode == Mode::kEnforce
            ? publish::request_edit(line.host, world, publish::Which::kConfig, options.flags.strict,
                                    [&](const Sources& sources) {
                                      return replace_mode(sources.config, options.mode);
                                    })
            : publish::request_mode(line.host, world, options.mode);
    if (request) request->asks_off = options.asks;
    if (request && !request->edits.empty()) {
      request->notes.push_back(
          "file '" + line.host.config + "': the mode " +
          (options.flags.dry_run ? "would be" : "is") +
          " saved there; if a tool such as Ansible manages the file, change it there too");
    }
    return request;
  });
}

}  // namespace apiguard::cli
