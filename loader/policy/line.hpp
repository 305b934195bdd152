// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One line of a list file, as `[except] CIDR [key=value ...] [# comment]`, taken apart. The views
// point into the line, so that an edit can keep what it does not change.
#pragma once

#include <optional>
#include <string_view>

#include "loader/policy/policy.hpp"
#include "loader/policy/scan.hpp"

namespace apiguard {

struct Entry {
  Kind kind = Kind::kAllow;
  ParsedPrefix parsed;
  std::string_view name;
  std::optional<Timestamp> until;
  std::string_view why;
  std::optional<Timestamp> review;

  // as written
  std::string_view cidr;
  // "name=office"
  std::string_view name_token;
  // "until=..."
  std::string_view until_token;
  // what follows the last token: blanks and the comment
  std::string_view tail;
};

[[nodiscard]] inline Remark remark_of(const Entry& entry) { return {entry.why, entry.review}; }

// Nothing for a line that is blank or only a comment. `line` has no newline.
[[nodiscard]] Scanned<std::optional<Entry>> scan_line(std::string_view line);

}  // namespace apiguard
