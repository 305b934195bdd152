// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// allow and except.
#include <optional>

#include "loader/cli/change.hpp"
#include "loader/cli/ending.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {
namespace {

std::vector<Range> entries_of(const PutOptions& options, std::optional<Timestamp> until) {
  std::vector<Range> entries;
  for (const ParsedPrefix& parsed : options.prefixes) {
    Range range;
    range.prefix = parsed.prefix;
    range.kind = options.kind;
    range.name = options.name;
    range.until = until;
    entries.push_back(std::move(range));
  }
  return entries;
}

// Only an entry that would end asks what other files say of its range.
Result<Edited> put(const Sources& sources, const std::vector<Range>& entries, Timestamp now) {
  const bool ends = entries.front().until.has_value();
  return put_ranges(sources.ranges, entries,
                    ends ? entries_elsewhere(sources) : std::vector<Range>(), now);
}

}  // namespace

Result<Exit> run(const CommandLine& line, const PutOptions& options) {
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  std::optional<Timestamp> asked;
  return change(line, options.flags, {}, [&](const publish::World& world) {
    const Timestamp now = publish::clocks(world).wall;
    if (!asked) asked = now;
    const auto end = end_of(options, *asked, now);
    if (!end) return Result<publish::Request>(fail(end.error()));
    const auto entries = entries_of(options, *end);
    auto request =
        publish::request_edit(line.places, world, publish::Which::kRanges, options.flags.strict,
                              [&](const Sources& sources) { return put(sources, entries, now); });
    if (request)
      request->warnings.insert(request->warnings.begin(), masked->begin(), masked->end());
    return request;
  });
}

}  // namespace apiguard::cli
