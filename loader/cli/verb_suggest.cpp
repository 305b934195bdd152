// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>
#include <set>

#include "loader/cli/reading.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/propose/suggestion.hpp"
#include "loader/propose/unproven.hpp"
#include "loader/publish/audited.hpp"
#include "loader/report/sources.hpp"

namespace apiguard::cli {
namespace {

// What cannot be read is said, and counts for none.
template <typename Sources>
Sources or_say(Result<Sources> sources) {
  if (sources) return std::move(*sources);
  note(sources.error().message + ": denied sources are not known");
  return {};
}

std::vector<AuditSource> find_audited_or_say(const Host& host, const publish::World& world) {
  std::vector<std::string> warnings;
  auto seen = publish::find_audited(host, world, warnings);
  for (const std::string& warning : warnings) note(warning);
  return seen;
}

// Sources of the audit that never got past the handshake.
std::size_t count_unestablished(const std::vector<DeniedSource>& denied,
                                const std::vector<AuditSource>& seen) {
  std::set<Address> established;
  for (const AuditSource& source : seen) established.insert(source.source);
  return static_cast<std::size_t>(
      std::count_if(denied.begin(), denied.end(), [&](const DeniedSource& source) {
        return !source.source || !established.contains(*source.source);
      }));
}

}  // namespace

Result<Exit> run(const CommandLine& line, const SuggestOptions& options) {
  const auto world = look_for_reading(line.host);
  if (!world) return fail(world.error());
  if (!world->in_force) {
    note(nothing_in_force(line.host));
    if (options.json) print(report::suggest_json({}, 0, {}));
    return Exit::kDone;
  }
  const publish::InForce& in_force = *world->in_force;
  const Policy* policy = world->judged();
  if (policy == nullptr) return fail(text_unknown(in_force));
  const Now now = publish::clocks(*world);
  const auto seen = find_audited_or_say(line.host, *world);
  const auto denied = or_say(publish::find_would_drop(line.host, *world, *policy));
  const auto remembered = or_say(publish::find_unproven(line.host, *world));
  const auto unestablished = count_unestablished(denied, seen);
  const auto unproven = propose::find_unproven(denied, remembered, seen, policy->ranges, now.wall);
  const auto suggestions = propose::suggest(seen, policy->ranges, now.wall, options.how);

  if (mode_of(in_force) != Mode::kAudit)
    tell("sources are recorded only in mode audit: 'apiguard mode audit' starts it");
  if (options.how.max_ranges != 0 && suggestions.ranges.size() > options.how.max_ranges)
    note("cannot merge further: limited by --min-prefix4 and --min-prefix6");
  if (options.json) {
    print(report::suggest_json(suggestions, unestablished, unproven));
    return Exit::kDone;
  }
  const std::string text = report::suggest_text(suggestions, unestablished, unproven, now.wall);
  if (text.empty()) tell("no source was seen yet");
  if (!text.empty()) print(text);
  return Exit::kDone;
}

}  // namespace apiguard::cli
