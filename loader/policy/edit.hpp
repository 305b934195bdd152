// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Text -> edited text, for the verbs that change the CLI's own file and the mode in the toml.
// Comments, order and spacing of every line that is not touched stay byte for byte. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/policy/edited.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// allow/except: appends a line for each entry, or replaces the lines of the same prefix in this
// file by one, in place (kind, name if one is given, and `until` taken from the entry; comment
// kept). An entry with an end leaves a permanent line of the other kind as it is and stands beside
// it. Same prefix, same kind, no other name or end: a note; so is an entry with an end where this
// file or `elsewhere` (drop-ins, cluster) has it for good. An allow with an end where an except of
// the prefix is live, here or elsewhere, is Exit::kNo. What has ended at `now` counts for nothing.
// `file` must parse; its errors come back as Exit::kBadFile.
[[nodiscard]] Result<Edited> put_ranges(const SourceFile& file, const std::vector<Range>& entries,
                                        const std::vector<Range>& elsewhere, Timestamp now);

// What no verb edits: the entries of cluster and drop-ins. Files that do not parse have none here;
// what is wrong with them is told when the whole is parsed.
[[nodiscard]] std::vector<Range> entries_elsewhere(const Sources& sources);

// What an edit of a list takes out and puts in: entries of the lines that differ, each once. What
// other lines or files say of them is not looked at.
[[nodiscard]] Result<Difference> edited_entries(const SourceFile& before, const std::string& after);

struct Selector {
  // either a CIDR ...
  std::optional<Prefix> prefix;
  // ... or a name
  std::string name;
};

// What becomes of a selector that names no entry.
enum class Unmatched {
  // Exit::kNo
  kRefused,
  // revoke --if-listed: it is left out, with a note
  kNoted
};
// revoke: removes every line (allow and except) that a selector names. `elsewhere` are the entries
// of drop-ins and cluster: a match there is Exit::kBadFile naming the file; a CIDR that a wider
// range of this file or of `elsewhere` lists at `now` is Exit::kNo with the hint `apiguard except
// CIDR`, however it is asked. A CIDR whose allow is removed and that another range still allows is
// noted.
[[nodiscard]] Result<Edited> remove_ranges(const SourceFile& file,
                                           const std::vector<Selector>& selectors,
                                           const std::vector<Range>& elsewhere, Timestamp now,
                                           Unmatched unmatched = Unmatched::kRefused);

// Takes out every entry line (allow and except) whose end is not after `now`, and notes which.
[[nodiscard]] Result<Edited> remove_ended(const SourceFile& file, Timestamp now);

// set: the permanent entries of this file become exactly `prefixes` as allows; a line kept keeps
// its name and comment, not its `until`; all other permanent lines (except lines too) go. Lines
// that end by themselves stay, but for an allow of one of `prefixes`, which becomes permanent or
// goes for one that is. Comment-only lines stay.
[[nodiscard]] Result<Edited> replace_ranges(const SourceFile& file,
                                            const std::vector<Prefix>& prefixes);

// mode: just that value in the toml, inserted as the first key if absent. The text must be TOML.
[[nodiscard]] Result<Edited> replace_mode(const SourceFile& config, Mode mode);

}  // namespace apiguard
