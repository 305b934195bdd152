// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The entry lines of a list file, and edits of it as patches: the lines that a verb touches are
// replaced or taken out by their position, so that all others cannot change. Private to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/policy/edited.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// An entry line; its views point into the text of the file.
struct Row {
  Prefix prefix;
  Kind kind = Kind::kAllow;
  // of the line, from 1
  std::uint32_t number = 0;
  std::optional<Timestamp> until;
  std::string_view name;
  // without its newline
  std::string_view line;
};

struct Patch {
  // of the text, without its newline
  std::string_view line;
  // none: the line goes
  std::optional<std::string> replace;
};

using Rows = std::vector<const Row*>;

// As the policy has it.
[[nodiscard]] Range range_of(const Row& row, const SourceFile& file);

// In file order; Exit::kBadFile if any line does not parse.
[[nodiscard]] Result<std::vector<Row>> read_rows(const SourceFile& file);

// The text with its patches, which may come in any order, and `appended` at its end.
[[nodiscard]] Edited patched(const std::string& text, std::vector<Patch> patches,
                             const std::string& appended);

}  // namespace apiguard
