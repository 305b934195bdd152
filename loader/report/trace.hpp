// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One change, as the machine's log is told of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/host/caller.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/traced.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::report {

// Of every entry: 'journalctl MESSAGE_ID=...' finds them all. Never changed.
inline constexpr const char* kTraceId = "7f2f3c5c0b7e4d0f9a6e52d1c3a8b947";

enum class Confirmed { kYes, kNo, kWaiting };

struct Trace {
  // "allow", "detach", "undo", "repair": one word
  std::string verb;
  // as typed; empty: nobody typed one
  std::string command;
  Who who;
  // 0: none
  std::uint64_t generation = 0;
  std::optional<Mode> mode;
  std::size_t added = 0;
  std::size_t removed = 0;
  // the first of them: "+ 203.0.113.0/24 name=office"
  std::vector<std::string> entries;
  // as in Difference
  std::vector<std::string> settings;
  std::vector<std::string> interfaces;
  // risks
  std::set<std::string> accepted;
  std::optional<Confirmed> confirmed;
  // in the place of the counts: "was not confirmed: undone"
  std::string what;
  // less is guarded afterwards than before, or not all that was meant to be
  bool warns = false;
};

// Counts, first entries and settings.
void note_difference(Trace& trace, const Difference& difference);

struct LogEntry {
  Level level = Level::kNotice;
  std::string text;
  Fields fields;
};
// MESSAGE_ID and APIGUARD_VERB, _COMMAND, _GENERATION, _MODE, _ADDED, _REMOVED, _ENTRY and _SETTING
// (one field each), _INTERFACES, _RISKS, _CONFIRMED ("yes"|"no"|"waiting"), _BY, _LOGIN_UID,
// _SSH_CLIENT; what there is nothing to say of is left out.
[[nodiscard]] LogEntry log_entry_of(const Trace& trace);

// The first word of a command, without what it is done to.
[[nodiscard]] std::string verb_of(const std::string& command);

// Of leases that were given since the last time.
[[nodiscard]] Trace trace_of(const LeasesToTell& leases);

}  // namespace apiguard::report
