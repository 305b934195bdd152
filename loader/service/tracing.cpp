// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/tracing.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/host/clock.hpp"
#include "loader/host/state.hpp"

namespace apiguard::service {
namespace {

using report::Confirmed;
using report::Trace;

void leave(const Trace& trace) {
  const report::LogEntry entry = report::log_entry_of(trace);
  if (write_log(entry.level, entry.text, entry.fields) == Delivery::kLost)
    say(Level::kWarning, "apiguard: journal: cannot be written: it has no entry of this change");
}

// Where it cannot be noted the next verb may say the change once more.
void note_told(const Host& host, std::uint64_t generation) {
  Traced traced = read_traced(host.run_dir);
  if (traced.generation == generation) return;
  traced.generation = generation;
  (void)write_traced(host.run_dir, traced);
}

Who by_name(const std::string& text) {
  Who who;
  who.text = text;
  return who;
}

// ---- what a killed verb did not say

Trace trace_of_record(const GenerationMeta& meta) {
  Trace trace;
  trace.generation = meta.generation;
  trace.mode = meta.mode;
  trace.confirmed = meta.confirmed ? Confirmed::kYes : Confirmed::kWaiting;
  trace.command = meta.verb;
  trace.verb = report::verb_of(meta.verb);
  trace.who = by_name(meta.by);
  trace.added = meta.added;
  trace.removed = meta.removed;
  return trace;
}

void leave_late(const GenerationMeta& meta) {
  if (meta.changes.empty()) return leave(trace_of_record(meta));
  for (const GenerationMeta::Change& change : meta.changes) {
    Trace trace = trace_of_record(meta);
    trace.command = change.verb;
    trace.verb = report::verb_of(change.verb);
    trace.who = by_name(change.by);
    report::note_difference(trace, {change.added, change.removed, {}});
    leave(trace);
  }
}

// Noted first: where that fails nothing is said, or every verb would say it again.
void catch_up(const Host& host, std::uint64_t generation) {
  Traced traced = read_traced(host.run_dir);
  if (traced.generation >= generation) return;
  const bool known = traced.generation != 0;
  traced.generation = generation;
  if (!write_traced(host.run_dir, traced) || !known) return;
  const auto meta = host.state.read_meta(generation);
  if (meta && meta->entered.value_or(true)) leave_late(*meta);
}

// ---- leases

void tell_leases(Traced& traced, BootTime boot) {
  leave(report::trace_of(traced.leases));
  traced.leases = {};
  traced.leases_at = boot;
}

void tell_waiting_leases(const Host& host) {
  Traced traced = read_traced(host.run_dir);
  const BootTime boot = read_clocks().boot;
  if (traced.leases.empty() || !is_due(traced, boot)) return;
  const LeasesToTell leases = std::exchange(traced.leases, {});
  traced.leases_at = boot;
  if (write_traced(host.run_dir, traced)) leave(report::trace_of(leases));
}

// ---- changes

Trace begin(const publish::Request& request, const publish::Published& published) {
  Trace trace;
  trace.generation = published.generation;
  trace.mode = request.policy.mode;
  trace.interfaces = published.interfaces;
  trace.confirmed = published.deadline ? Confirmed::kWaiting : Confirmed::kYes;
  return trace;
}

void trace_members(const publish::Group& group, const std::vector<publish::Member>& members,
                   const publish::Published& published) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const publish::Verdict& verdict = group.verdicts[i];
    const publish::QueuedChange& change = members[i].change;
    const bool told = verdict.fate == publish::Fate::kJoins && verdict.changed && !verdict.done;
    if (!told || publish::lease_of(change) != nullptr) continue;
    Trace trace = begin(group.request, published);
    trace.command = change.verb;
    trace.verb = report::verb_of(change.verb);
    trace.who = {change.by, change.login_uid, change.client};
    trace.accepted = change.accepted;
    report::note_difference(trace, verdict.difference);
    leave(trace);
  }
}

}  // namespace

void trace_change(const Host& host, const publish::Request& request, const publish::Plan& plan,
                  const publish::Published& published) {
  Trace trace = begin(request, published);
  trace.command = request.verb;
  trace.verb = request.is_unattended() ? "boot" : report::verb_of(request.verb);
  trace.who = who();
  trace.accepted = request.accepted;
  report::note_difference(trace, plan.shown());
  if (request.undoes != 0)
    trace.settings.push_back(fmt::format("undoes generation {}", request.undoes));
  for (const std::string& one : published.unconfirmed) trace.settings.push_back(one);
  trace.warns = request.policy.mode == Mode::kOff || !published.unconfirmed.empty();
  leave(trace);
  note_told(host, published.generation);
}

void trace_text(const publish::Request& request, const publish::Plan& plan) {
  Trace trace;
  trace.command = request.verb;
  trace.verb = report::verb_of(request.verb);
  trace.who = who();
  trace.accepted = request.accepted;
  report::note_difference(trace, plan.shown());
  trace.settings.emplace_back("not in force: everything is detached");
  trace.warns = true;
  leave(trace);
}

void trace_group(const Host& host, const publish::Group& group,
                 const std::vector<publish::Member>& members, const publish::Published& published) {
  trace_members(group, members, published);
  note_told(host, published.generation);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const publish::Verdict& verdict = group.verdicts[i];
    if (verdict.fate == publish::Fate::kJoins && verdict.changed && !verdict.leases.empty())
      trace_leases(host, {published.generation, members[i].change.by, verdict.leases});
  }
}

void trace_ending(const Host& host, const publish::Ending& ending, const std::string& command) {
  Trace trace;
  trace.verb = ending.confirmed ? "confirm" : "undo";
  trace.command = command;
  trace.who = who();
  trace.generation = ending.generation;
  trace.confirmed = ending.confirmed ? Confirmed::kYes : Confirmed::kNo;
  trace.what = ending.confirmed ? "is confirmed" : "was not confirmed: undone";
  trace.warns = !ending.confirmed;
  if (const auto meta = host.state.read_meta(ending.generation))
    trace.what += fmt::format(": '{}' by {}", meta->verb, meta->by);
  leave(trace);
}

void trace_settled(const Host& host, const publish::Settled& settled, const publish::World* world) {
  for (const publish::Ending& ending : settled.endings) trace_ending(host, ending, "");
  if (world != nullptr && world->in_force) catch_up(host, world->in_force->generation);
  tell_waiting_leases(host);
}

void trace_again(const Host& host, const publish::Published& published) {
  Trace trace;
  trace.verb = "republish";
  trace.who = who();
  trace.generation = published.generation;
  trace.interfaces = published.interfaces;
  trace.confirmed = published.deadline ? Confirmed::kWaiting : Confirmed::kYes;
  trace.what = "the same list with its leases and expiry times as they are now";
  leave(trace);
  note_told(host, published.generation);
}

// Leases that waited are told with these.
void trace_leases(const Host& host, const GivenLeases& given) {
  Traced traced = read_traced(host.run_dir);
  add_leases(traced.leases, given.generation, given.by, given.answers);
  if (traced.leases.empty()) return;
  const BootTime boot = read_clocks().boot;
  if (is_due(traced, boot)) tell_leases(traced, boot);
  if (!write_traced(host.run_dir, traced) && !traced.leases.empty()) tell_leases(traced, boot);
}

void trace_unbar(std::uint64_t generation, const std::string& command, const std::string& named) {
  Trace trace;
  trace.verb = "lease";
  trace.command = command;
  trace.who = who();
  trace.generation = generation;
  trace.what = fmt::format("bar '{}' is lifted", named);
  trace.confirmed = Confirmed::kYes;
  leave(trace);
}

void trace_detach(const publish::World& world, const std::string& command,
                  const std::vector<std::string>& interfaces) {
  Trace trace;
  trace.verb = "detach";
  trace.command = command;
  trace.who = who();
  if (world.in_force) trace.generation = world.in_force->generation;
  trace.interfaces = interfaces;
  trace.what = fmt::format("detached from {}", fmt::join(interfaces, ", "));
  trace.confirmed = Confirmed::kYes;
  trace.warns = true;
  leave(trace);
}

void trace_repair(const std::vector<std::string>& repairs, std::uint64_t generation) {
  Trace trace;
  trace.verb = "repair";
  trace.who = who();
  trace.generation = generation;
  trace.what = fmt::format("{}", fmt::join(repairs, "; "));
  trace.confirmed = Confirmed::kYes;
  trace.warns = true;
  leave(trace);
}

}  // namespace apiguard::service
