// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {
namespace {

// The entries that no verb takes out: cluster ranges and drop-ins. Files that do not parse are told
// by the edit itself.
std::vector<Range> entries_elsewhere(const Sources& sources) {
  std::vector<Range> elsewhere;
  if (auto config = parse_config(sources.config)) elsewhere = std::move(config->policy.ranges);
  for (const SourceFile& file : sources.drop_ins) {
    auto parsed = parse_ranges(file);
    if (!parsed) continue;
    elsewhere.insert(elsewhere.end(), parsed->policy.ranges.begin(), parsed->policy.ranges.end());
  }
  return elsewhere;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const RevokeOptions& options) {
  return change(line, options.flags, {}, [&](const publish::World& world) {
    return publish::request_edit(line.places, world, publish::Which::kRanges, options.flags.strict,
                                 [&](const Sources& sources) {
                                   return remove_ranges(sources.ranges, options.selectors,
                                                        entries_elsewhere(sources));
                                 });
  });
}

}  // namespace apiguard::cli
