// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>
#include <set>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/propose/suggestion.hpp"
#include "loader/publish/audited.hpp"
#include "loader/publish/seen.hpp"
#include "loader/report/sources.hpp"

namespace apiguard::cli {
namespace {

std::vector<SeenSource> read_seen_or_say(const Places& places, const Now& now) {
  auto seen = publish::read_seen(places, now);
  if (seen) return std::move(*seen);
  note(seen.error().message + ": which sources were seen is not known");
  return {};
}

// Sources of the audit that never got past the handshake; 0 where they cannot be read.
std::size_t count_unestablished(const Places& places, const publish::World& world,
                                const Policy& policy, const std::vector<SeenSource>& seen) {
  auto denied = publish::find_would_drop(places, world, policy);
  if (!denied) {
    note(denied.error().message + ": which sources were denied is not known");
    return 0;
  }
  std::set<Address> established;
  for (const SeenSource& source : seen) established.insert(source.source);
  return std::count_if(denied->begin(), denied->end(), [&](const DeniedSource& source) {
    return !source.source || !established.contains(*source.source);
  });
}

}  // namespace

Result<Exit> run(const CommandLine& line, const SuggestOptions& options) {
  const auto world = look_for_reading(line.places);
  if (!world) return fail(world.error());
  if (!world->in_force) {
    note(kNothingInForce);
    if (options.json) print(report::suggest_json({}, 0));
    return Exit::kDone;
  }
  const publish::InForce& in_force = *world->in_force;
  const Policy* policy = world->judged();
  if (policy == nullptr) return fail(text_unknown(in_force));
  const Now now = publish::clocks(*world);
  const auto seen = read_seen_or_say(line.places, now);
  const auto unestablished = count_unestablished(line.places, *world, *policy, seen);
  const auto suggestions = propose::suggest(seen, policy->ranges, now.wall, options.how);

  if (mode_of(in_force) != Mode::kAudit)
    note("sources are kept in mode audit alone: 'apiguard mode audit' begins one");
  if (options.how.max_ranges != 0 && suggestions.ranges.size() > options.how.max_ranges)
    note("these are as few as the least lengths allow: see --min-prefix4 and --min-prefix6");
  if (options.json) {
    print(report::suggest_json(suggestions, unestablished));
    return Exit::kDone;
  }
  const std::string text = report::suggest_text(suggestions, unestablished);
  if (text.empty()) note("no source was seen yet");
  if (!text.empty()) print(text);
  return Exit::kDone;
}

}  // namespace apiguard::cli
