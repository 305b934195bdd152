// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/request.hpp"

namespace apiguard::cli {
namespace {

// `set ""` turns the filter off and leaves the list alone, as users of AKS expect.
Result<Exit> turn_off(const CommandLine& line, const SetOptions& options) {
  ModeOptions off;
  off.flags = options.flags;
  off.mode = Mode::kOff;
  return run(line, off);
}

}  // namespace

Result<Exit> run(const CommandLine& line, const SetOptions& options) {
  if (options.off) return turn_off(line, options);
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  std::vector<Prefix> prefixes;
  for (const ParsedPrefix& parsed : options.prefixes) prefixes.push_back(parsed.prefix);
  return change(line, options.flags, {}, [&](const publish::World& world) {
    auto request = publish::request_edit(
        line.places, world, publish::Which::kRanges, options.flags.strict,
        [&](const Sources& sources) { return replace_ranges(sources.ranges, prefixes); });
    if (request)
      request->warnings.insert(request->warnings.begin(), masked->begin(), masked->end());
    return request;
  });
}

}  // namespace apiguard::cli
