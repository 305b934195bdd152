// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The words of a command line, sorted but not yet understood, and what they mean. Knows no CLI11.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/cli/word_order.hpp"

namespace apiguard::cli {

// What was typed, for whatever verb: one verb is parsed a run. Options that take a value keep every
// one given.
struct Typed {
  Words config, state_dir, run_dir, pin_dir;
  bool verbose = false;
  bool version = false;
  bool dry_run = false;
  bool strict = false;
  bool json = false;
  bool wide = false;
  bool boot = false;
  bool trust_clock = false;
  bool if_listed = false;
  Words with;
  bool all = false;
  bool print = false;
  Words accepted, confirm_within, name, lasts, until, to, root, unused, top, since, max_ranges,
      min_prefix4, min_prefix6, file, kind, textfile, sync, within, prefix6, unbar, authorized_key,
      user, why, review, output;
  bool by_review = false;
  bool from_ssh = false;
  Words arguments;
};

// Errors carry Exit::kUsage.
[[nodiscard]] Result<Verb> make_verb(std::string_view name, const Typed& typed);
[[nodiscard]] Result<Places> make_places(const Typed& typed);

}  // namespace apiguard::cli
