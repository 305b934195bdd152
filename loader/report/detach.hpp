// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What `detach` took off, or would take off, and who gets in then.
#pragma once

#include <string>
#include <vector>

#include "loader/compile/sources.hpp"

namespace apiguard::report {

struct Detach {
  bool dry_run = false;
  std::vector<std::string> interfaces;
  // nothing of ours stays on any interface
  bool all = false;
  // Of a dry run where enforce is in force: sources that were dropped lately, most packets first.
  std::vector<DeniedSource> gets_in;
  std::vector<std::string> warnings;
  // of a dry run: the mode in force drops packets
  bool enforced = true;
};

// Names the first ten sources, then a count.
[[nodiscard]] std::string to_text(const Detach& detach, Timestamp now);
// {schema, changed, dry_run, interfaces[], gets_in[], warnings[]}; gets_in holds objects {source,
// packets, last_seen, reason}, source null behind more VLAN tags than are looked through.
[[nodiscard]] std::string to_json(const Detach& detach);

}  // namespace apiguard::report
