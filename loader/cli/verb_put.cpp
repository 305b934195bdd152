// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// allow and except.
#include "loader/cli/change.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {
namespace {

std::vector<Range> entries_of(const PutOptions& options) {
  std::vector<Range> entries;
  for (const ParsedPrefix& parsed : options.prefixes) {
    Range range;
    range.prefix = parsed.prefix;
    range.kind = options.kind;
    range.name = options.name;
    entries.push_back(std::move(range));
  }
  return entries;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const PutOptions& options) {
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  const auto entries = entries_of(options);
  return change(line, options.flags, {}, [&](const publish::World& world) {
    auto request = publish::request_edit(
        line.places, world, publish::Which::kRanges, options.flags.strict,
        [&](const Sources& sources) { return put_ranges(sources.ranges, entries); });
    if (request)
      request->warnings.insert(request->warnings.begin(), masked->begin(), masked->end());
    return request;
  });
}

}  // namespace apiguard::cli
