// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/trace.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/text.hpp"

namespace apiguard::report {
namespace {

constexpr std::size_t kShown = 20;          // entries of each sign
constexpr std::size_t kShownCommand = 200;  // bytes of it in the text; its field holds more

std::string_view word_of(Confirmed confirmed) {
  if (confirmed == Confirmed::kYes) return "yes";
  return confirmed == Confirmed::kNo ? "no" : "waiting";
}

void note_entries(Trace& trace, char sign, const std::vector<Range>& ranges) {
  const std::size_t shown = std::min(ranges.size(), kShown);
  for (std::size_t i = 0; i < shown; ++i)
    trace.entries.push_back(fmt::format("{} {}", sign, show(ranges[i])));
  if (ranges.size() > shown)
    trace.entries.push_back(fmt::format("{} and {} more", sign, ranges.size() - shown));
}

std::string command_of(const Trace& trace) {
  const std::string& command = trace.command.empty() ? trace.verb : trace.command;
  if (command.size() <= kShownCommand) return command;
  return command.substr(0, kShownCommand) + "...";
}

std::string text_of(const Trace& trace) {
  std::string text;
  if (trace.generation != 0) text = fmt::format("generation {}: ", trace.generation);
  text += command_of(trace) + ": ";
  text += trace.what.empty() ? fmt::format("+{} -{}", trace.added, trace.removed) : trace.what;
  for (const std::string& setting : trace.settings) text += ", " + setting;
  if (trace.mode) text += fmt::format(", mode {}", to_string(*trace.mode));
  if (trace.confirmed == Confirmed::kWaiting) text += ", pending confirmation";
  return fmt::format("{}; by {}", text, trace.who.text);
}

}  // namespace

void note_difference(Trace& trace, const Difference& difference) {
  trace.added = difference.added.size();
  trace.removed = difference.removed.size();
  trace.entries.clear();
  note_entries(trace, '+', difference.added);
  note_entries(trace, '-', difference.removed);
  trace.settings = difference.settings;
}

LogEntry log_entry_of(const Trace& trace) {
  LogEntry entry;
  entry.level = trace.warns ? Level::kWarning : Level::kNotice;
  entry.text = text_of(trace);
  Fields& fields = entry.fields;
  fields = {{"MESSAGE_ID", kTraceId}, {"APIGUARD_VERB", trace.verb}};
  const auto add = [&fields](const char* name, const std::string& value) {
    if (!value.empty()) fields.emplace_back(name, value);
  };
  add("APIGUARD_COMMAND", trace.command);
  if (trace.generation != 0) add("APIGUARD_GENERATION", std::to_string(trace.generation));
  if (trace.mode) add("APIGUARD_MODE", std::string(to_string(*trace.mode)));
  add("APIGUARD_ADDED", std::to_string(trace.added));
  add("APIGUARD_REMOVED", std::to_string(trace.removed));
  for (const std::string& one : trace.entries) add("APIGUARD_ENTRY", one);
  for (const std::string& one : trace.settings) add("APIGUARD_SETTING", one);
  add("APIGUARD_INTERFACES", fmt::format("{}", fmt::join(trace.interfaces, ",")));
  add("APIGUARD_RISKS", fmt::format("{}", fmt::join(trace.accepted, ",")));
  if (trace.confirmed) add("APIGUARD_CONFIRMED", std::string(word_of(*trace.confirmed)));
  add("APIGUARD_BY", trace.who.text);
  if (trace.who.login_uid) add("APIGUARD_LOGIN_UID", std::to_string(*trace.who.login_uid));
  add("APIGUARD_SSH_CLIENT", trace.who.client);
  return entry;
}

std::string verb_of(const std::string& command) { return command.substr(0, command.find(' ')); }

Trace trace_of(const LeasesToTell& leases) {
  Trace trace;
  trace.verb = "lease";
  trace.generation = leases.generation;
  trace.added = leases.added;
  trace.entries = leases.entries;
  trace.what = fmt::format("{} added, {} renewed", leases.added, leases.renewed);
  trace.confirmed = Confirmed::kYes;
  trace.who.text = fmt::format("{}", fmt::join(leases.by, ", "));
  return trace;
}

}  // namespace apiguard::report
