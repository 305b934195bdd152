// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// allow and except.
#include <optional>
#include <utility>

#include "loader/cli/change.hpp"
#include "loader/cli/ending.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/clock.hpp"
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

std::vector<Lasting> lasting(const std::vector<Range>& entries, const Now& now) {
  std::vector<Lasting> lasting;
  for (const Range& entry : entries) {
    const auto left = static_cast<std::uint64_t>(*entry.until - now.wall);
    lasting.push_back({entry.prefix, entry.kind, *entry.until, now.boot + left});
  }
  return lasting;
}

// Only an entry that would end asks what other files say of its range.
Result<Edited> put(const Sources& sources, const std::vector<Range>& entries, Timestamp now) {
  const bool ends = entries.front().until.has_value();
  return put_ranges(sources.ranges, entries,
                    ends ? entries_elsewhere(sources) : std::vector<Range>(), now);
}

// Which time it is was said; where that is not the clock's, so is why.
Result<publish::Request> refuse_end(Error error, const Taken& taken) {
  if (taken.is_held()) error.message += ": " + describe(taken);
  return fail(std::move(error));
}

}  // namespace

Result<Exit> run(const CommandLine& line, const PutOptions& options) {
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  std::optional<Timestamp> asked;
  return change(line, options.flags, {}, [&](const publish::World& world) {
    const Taken taken = take(world.floor);
    if (!asked) asked = taken.now.wall;
    const auto end = end_of(options, *asked, taken.now.wall);
    if (!end) return refuse_end(end.error(), taken);
    const auto entries = entries_of(options, *end);
    auto request = publish::request_edit(
        line.places, world, publish::Which::kRanges, options.flags.strict,
        [&](const Sources& sources) { return put(sources, entries, taken.now.wall); });
    if (!request) return request;
    request->warnings.insert(request->warnings.begin(), masked->begin(), masked->end());
    if (options.lasts) request->lasting = lasting(entries, taken.now);
    return request;
  });
}

}  // namespace apiguard::cli
