// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// text -> Policy -> text. All or nothing: any error refuses the whole, and every error is told
// (the first ten in full, then a count) as
//
//   /etc/apiguard/authorized-ranges:3:8: octet '300' is larger than 255
//     10.0.0.300/24  name=office
//            ^
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/base/time_text.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// One file as it was read. The state directory keeps these byte for byte.
struct SourceFile {
  // relative to the configuration folder, as in Origin::file
  std::string name;
  // for messages
  std::string path;
  std::string text;
  // a missing list file is an empty one
  bool present = false;

  friend bool operator==(const SourceFile& a, const SourceFile& b) {
    return a.name == b.name && a.text == b.text;
  }
};

struct Sources {
  // apiguard.toml
  SourceFile config;
  // authorized-ranges
  SourceFile ranges;
  // authorized-ranges.d/*.list in name order
  std::vector<SourceFile> drop_ins;
  // What whoever read them has to say, as finished texts; no part of what they are.
  std::vector<std::string> warnings = {};

  friend bool operator==(const Sources& a, const Sources& b) {
    return a.config == b.config && a.ranges == b.ranges && a.drop_ins == b.drop_ins;
  }
};

struct Parsed {
  Policy policy;
  // finished texts, file:line:column in front where there is one
  std::vector<std::string> warnings;
};

struct ParseOptions {
  // host bits are errors
  bool strict = false;
  // false: for a text that was published before: no warnings of what is legal, and a header that
  // this version does not know is the comment that it was.
  bool lint = true;
};

// ---- parse_policy.cpp

// The whole: parse, cross-file rules (empty policy, except inside cluster), then
// lint. Errors carry Exit::kBadFile.
[[nodiscard]] Result<Parsed> parse_policy(const Sources& sources, const ParseOptions& options = {});

// Parts of it, for `validate FILE`.
[[nodiscard]] Result<Parsed> parse_config(const SourceFile& file, const ParseOptions& options = {});
[[nodiscard]] Result<Parsed> parse_ranges(const SourceFile& file, const ParseOptions& options = {});

// ---- endpoint.cpp

// PORT, ADDRESS:PORT or [V6ADDRESS]:PORT, as in `endpoints`. The message has no position.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// ---- show.cpp

// A TOML basic string. What a name of an interface may hold needs no escape but two.
[[nodiscard]] std::string toml_string(std::string_view text);
// What parse_config and parse_ranges read back as the same policy.
[[nodiscard]] std::string show_config(const Policy& policy);
// Ranges are one line each, cluster entries left out; a single one has no newline.
[[nodiscard]] std::string show_ranges(const std::vector<Range>& ranges);
[[nodiscard]] std::string show(const Range& range);
// For messages: each behind a newline and four blanks, the first ten, then a count.
[[nodiscard]] std::string show_edits(const Difference& edits);

// ---- name.cpp, remark.cpp

// Name rule: [A-Za-z0-9][A-Za-z0-9._-]{0,62} and no address.
[[nodiscard]] bool valid_name(std::string_view name);
// Of `why=`: up to 128 printable characters of ASCII without blanks and '#'.
[[nodiscard]] bool valid_why(std::string_view why);

}  // namespace apiguard
