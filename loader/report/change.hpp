// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a changing verb did or would do, for people and for scripts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/host/peers.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/policy/policy.hpp"
#include "loader/publish/cut.hpp"

namespace apiguard::report {

struct Change {
  // a new generation is (or, in a dry run, would be) in force
  bool changed = false;
  bool dry_run = false;
  // in force afterwards; 0: none
  std::uint64_t generation = 0;
  // against the generation in force before
  Difference difference;
  // clients that pass no longer
  std::vector<publish::CutPeer> cut;
  // ranges taken out that admitted a connection within 24 h
  std::vector<publish::CutRange> cut_ranges;
  std::vector<std::string> warnings;
};

// Why nothing was changed, or not all of it.
struct NotChanged {
  struct Risk {
    std::string name;
    std::string message;
  };
  // status of the verb
  int exit = 0;
  std::string message;
  // not accepted
  std::vector<Risk> risks;
  // clients that would pass no longer
  std::vector<publish::CutPeer> cut;
  // as in Change
  std::vector<publish::CutRange> cut_ranges;
  std::vector<std::string> warnings;
};

// The preview: one "+ 203.0.113.0/24  office" or "- ..." line a range (the first 50, then a count),
// settings as they are. Green and red with `colour`. Empty string if nothing differs.
[[nodiscard]] std::string preview(const Difference& difference, bool colour);

// "generation 18 is in force on eth0: mode enforce".
[[nodiscard]] std::string in_force_text(std::uint64_t generation,
                                        const std::vector<std::string>& interfaces, Mode mode);

// {schema, changed, generation, added[], removed[], cut[], warnings[]}; added and removed hold
// objects {cidr, kind, name, until, origin}, name and until null where absent; cut holds {address,
// connections, range}, range null where none admits the address today, and behind them the ranges,
// address null, with last_seen.
[[nodiscard]] std::string to_json(const Change& change);

// {schema, changed, error{exit, message}, risks[]{name, message}, cut[], warnings[]}; changed is
// false, cut as above.
[[nodiscard]] std::string to_json(const NotChanged& refusal);

}  // namespace apiguard::report
