// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// apiguard.toml: what is shown of it reads as the same settings, and another mode in it changes
// nothing else.
#include <string>

#include "loader/policy/edit.hpp"
#include "loader/policy/text.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

SourceFile file_of(std::string_view text) {
  return {"apiguard.toml", "apiguard.toml", std::string(text), true};
}

bool same_but_for_mode(Policy a, const Policy& b) {
  a.mode = b.mode;
  return a == b;
}

void takes_a_mode(const SourceFile& file, const Policy& policy, Mode mode) {
  const auto edited = replace_mode(file, mode);
  if (!edited) {
    must(edited.error().exit == Exit::kBadFile, "an error is one of the file");
    return;
  }
  const auto after = parse_config(file_of(edited->text));
  must(after.has_value(), "with another mode it parses", edited->text);
  must(after->policy.mode == mode, "the mode is the one that was asked for", edited->text);
  must(same_but_for_mode(after->policy, policy), "nothing else has changed", edited->text);
  must(edited->changed || edited->text == file.text, "what has not changed is the same text");
}

}  // namespace

void run(std::string_view input) {
  const SourceFile file = file_of(input);
  const auto parsed = parse_config(file);
  if (!parsed) {
    must(parsed.error().exit == Exit::kBadFile, "an error is one of the file");
    // Of a text that is TOML the mode can be replaced all the same: it must not fall over.
    static_cast<void>(replace_mode(file, Mode::kOff));
    return;
  }
  const std::string shown = show_config(parsed->policy);
  const auto again = parse_config(file_of(shown));
  must(again.has_value(), "what is shown parses", shown);
  must(again->policy == parsed->policy, "what is shown is the same configuration", shown);
  for (const Mode mode : {Mode::kOff, Mode::kAudit, Mode::kEnforce})
    takes_a_mode(file, parsed->policy, mode);
}

}  // namespace apiguard::fuzz
