// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "loader/cli/asking.hpp"
#include "loader/cli/change.hpp"
#include "loader/cli/host_bits.hpp"
#include "loader/cli/text_argument.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/publish/make_request.hpp"

namespace apiguard::cli {
namespace {

// `set ""` turns the filter off and leaves the list alone, as users of AKS expect. A script whose
// substitution failed does not expect it.
Result<Exit> turn_off(const CommandLine& line, const SetOptions& options) {
  ModeOptions off;
  off.flags = options.flags;
  off.mode = Mode::kOff;
  off.asks = !can_ask() && !options.flags.accepted.contains(publish::risk::kOff);
  return run(line, off);
}

// Read once, whatever becomes of the file while a question waits for its answer. By itself the text
// has to be a list that lists something.
Result<SourceFile> read_list_text(const SetOptions& options) {
  auto file = read_text_argument(options.file);
  if (!file) return file;
  const auto parsed = parse_ranges(*file, {options.flags.strict});
  if (!parsed) return fail(parsed.error());
  const auto& ranges = parsed->policy.ranges;
  const bool lists = std::any_of(ranges.begin(), ranges.end(),
                                 [](const Range& range) { return range.kind == Kind::kAllow; });
  if (lists) return file;
  return fail(Exit::kBadFile,
              fmt::format("file '{}': has no line that allows a range: nothing was changed; "
                          "'apiguard mode off' turns the filter off",
                          file->path));
}

using Editor = publish::Editor;

Result<Exit> replace(const CommandLine& line, const SetOptions& options,
                     const std::vector<std::string>& warnings, const Editor& editor) {
  return change(line, options.flags, {}, [&](const publish::World& world) {
    auto request = publish::request_edit(line.host, world, publish::Which::kRanges,
                                         options.flags.strict, editor);
    if (!request) return request;
    request->asks_shrink = true;
    request->warnings.insert(request->warnings.begin(), warnings.begin(), warnings.end());
    return request;
  });
}

Result<Exit> replace_text(const CommandLine& line, const SetOptions& options) {
  const auto file = read_list_text(options);
  if (!file) return fail(file.error());
  return replace(line, options, {}, [&](const Sources& sources) -> Result<Edited> {
    Edited edited{file->text, {}, file->text != sources.ranges.text};
    edited.as_it_is = true;
    return edited;
  });
}

}  // namespace

Result<Exit> run(const CommandLine& line, const SetOptions& options) {
  if (options.off) return turn_off(line, options);
  if (!options.file.empty()) return replace_text(line, options);
  auto masked = mask_arguments(options.prefixes, options.texts, options.flags.strict);
  if (!masked) return fail(masked.error());
  std::vector<Prefix> prefixes;
  for (const ParsedPrefix& parsed : options.prefixes) prefixes.push_back(parsed.prefix);
  return replace(line, options, *masked,
                 [&](const Sources& sources) { return replace_ranges(sources.ranges, prefixes); });
}

}  // namespace apiguard::cli
