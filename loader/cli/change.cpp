// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/change.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/base/masked.hpp"
#include "loader/cli/asking.hpp"
#include "loader/cli/older_warnings.hpp"
#include "loader/cli/queueing.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/cli/waiting.hpp"
#include "loader/host/boot_unit.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/doors.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/lock.hpp"
#include "loader/host/outlet.hpp"
#include "loader/host/progress.hpp"
#include "loader/propose/unproven.hpp"
#include "loader/publish/audited.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/make_plan.hpp"
#include "loader/publish/publish.hpp"
#include "loader/publish/text_change.hpp"
#include "loader/publish/text_only.hpp"
#include "loader/report/change.hpp"
#include "loader/report/sources.hpp"
#include "loader/report/terminal.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

using publish::Plan;
using publish::Request;
using publish::Risk;
using publish::World;

void note_all(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) note(text);
}

// The places given as options: neither the default nor what the environment says anyway.
std::string place_options(const Host& host) {
  const Places usual;
  std::string text;
  const auto add = [&text](const char* option, const char* variable, const std::string& value,
                           const std::string& standard) {
    const char* set = std::getenv(variable);
    if (value != (set != nullptr ? set : standard)) text += fmt::format("{} {} ", option, value);
  };
  add("--config", "APIGUARD_CONFIG", host.config, usual.config);
  add("--state-dir", "APIGUARD_STATE_DIR", host.state_dir, usual.state_dir);
  add("--run-dir", "APIGUARD_RUN_DIR", host.run_dir, usual.run_dir);
  add("--pin-dir", "APIGUARD_PIN_DIR", host.pin_dir, usual.pin_dir);
  return text;
}

// The command for real, and without risks it accepts already: the option may be given once.
std::string without_risks(std::string command) {
  constexpr std::string_view kDryRun = " --dry-run";
  if (const auto dry = command.find(kDryRun); dry != std::string::npos)
    command.erase(dry, kDryRun.size());
  constexpr std::string_view kOption = " --accept-risk";
  const std::size_t at = command.find(kOption);
  if (at == std::string::npos) return command;
  const std::size_t end = command.find(' ', at + kOption.size() + 1);
  return command.erase(at, end == std::string::npos ? end : end - at);
}

std::string command_to_repeat(const CommandLine& line, const ChangeFlags& flags,
                              const std::vector<Risk>& risks) {
  std::set<std::string> names = flags.accepted;
  for (const Risk& risk : risks) names.insert(risk.name);
  return fmt::format("apiguard {}{} --accept-risk {}", place_options(line.host),
                     without_risks(line.command), fmt::join(names, ","));
}

Error refusal(const CommandLine& line, const ChangeFlags& flags, const std::vector<Risk>& risks) {
  const std::string_view what = flags.dry_run
                                    ? "dry run: the change would be refused; to make it for real"
                                    : "refused: nothing was changed; if this is what you want";
  return {fmt::format("{}: {}", what, command_to_repeat(line, flags, risks)), Exit::kRefused, 0};
}

void show_risks(const std::vector<Risk>& risks) {
  for (const Risk& risk : risks) note(fmt::format("risk '{}': {}", risk.name, risk.message));
}

// One attempt: from the lock to the end, or to a question that has to be asked without the lock.
struct Attempt {
  std::optional<Exit> exit;
  // to be asked about
  std::vector<Risk> risks;
  // what the question is about
  std::string preview;
  // and whom
  std::set<std::string> cut;
  // published,
  std::uint64_t generation = 0;
  // and to be confirmed by then; none: confirmed
  std::optional<BootTime> deadline;
};

// What was agreed to: these risks, of the change that looked like this and cut no others.
struct Agreement {
  std::set<std::string> risks;
  std::string preview;
  std::set<std::string> cut;
};

// Clients by address, ranges with their length.
std::set<std::string> affected_clients(const Plan& plan) {
  std::set<std::string> cut;
  for (const publish::CutPeer& peer : plan.cut) cut.insert(to_string(peer.peer));
  for (const publish::CutRange& range : plan.cut_ranges) cut.insert(to_string(range.range.prefix));
  return cut;
}

bool holds(const Agreement& agreement, const std::string& preview, const Plan& plan) {
  if (agreement.preview != preview) return false;
  if (!agreement.risks.contains(publish::risk::kDropPeers)) return true;
  const std::set<std::string> cut = affected_clients(plan);
  return std::includes(agreement.cut.begin(), agreement.cut.end(), cut.begin(), cut.end());
}

class Changer {
 public:
  Changer(const CommandLine& line, const ChangeFlags& flags, const ChangeKind& kind,
          const MakeRequest& make_request)
      : line_(line), flags_(flags), kind_(kind), make_request_(make_request) {}

  Result<Exit> run() {
    std::optional<Agreement> agreement;
    if (may_queue()) {
      auto turn = wait_in_queue(line_, *kind_.queued);
      if (!turn) return fail(turn.error());
      if (turn->exit) return *turn->exit;
      held_ = std::move(turn->lock);
    }
    while (true) {
      auto attempt = try_once(agreement);
      if (!attempt) return fail(attempt.error());
      if (attempt->deadline && can_ask())
        return wait_for_answer(line_, attempt->generation, *attempt->deadline);
      if (attempt->exit) return *attempt->exit;
      show_risks(attempt->risks);
      if (flags_.dry_run || !can_ask() || !ask()) {
        for (Risk& risk : attempt->risks) refused_.risks.push_back({risk.name, risk.message});
        return fail(refusal(line_, flags_, attempt->risks));
      }
      if (!agreement || agreement->preview != attempt->preview)
        agreement = Agreement{{}, attempt->preview, {}};
      for (const Risk& risk : attempt->risks) agreement->risks.insert(risk.name);
      agreement->cut = std::move(attempt->cut);
    }
  }

  // What run() failed with, and what was found before it did.
  [[nodiscard]] Error answer_refusal(Error error) const {
    if (!flags_.json || answered_ || error.answered) return error;
    report::NotChanged refusal = refused_;
    refusal.exit = static_cast<int>(error.exit);
    refusal.message = error.message;
    print(report::to_json(refusal));
    error.answered = true;
    return error;
  }

 private:
  // What may have to be undone, or reads the files by rules of its own, is published alone.
  [[nodiscard]] bool may_queue() const {
    return kind_.queued != nullptr && !flags_.dry_run && !flags_.confirm_within && !flags_.strict;
  }

  // With the lock. A verb that was overtaken has no other answer than that.
  Result<Attempt> try_once(const std::optional<Agreement>& agreement) {
    std::optional<Lock> lock;
    if (auto locked = take_lock(lock); !locked) return fail(locked.error());
    auto attempt = attempt_with_lock(agreement);
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    return attempt;
  }

  Result<Attempt> attempt_with_lock(const std::optional<Agreement>& agreement) {
    progress::step("reading what is in force");
    auto world = look();
    if (!world) return fail(world.error());
    if (kind_.trust_clock) world->floor = {};
    const bool ends_window = kind_.ends_window && !flags_.confirm_within;
    if (world->window && world->window->open() && !ends_window)
      return fail(refuse_in_window(*world->window));
    progress::step("reading the files");
    auto request = make_request_(*world);
    if (!request && is_out_already(*world)) return stays_out(request.error());
    if (!request) return fail(request.error());
    if (request->kind == Request::Kind::kNothing) return nothing(*world, *request);
    request->verb = line_.command;
    request->accepted = flags_.accepted;
    request->detached = read_detached(line_.host.run_dir);
    request->attaches = kind_.where_detached == WhereDetached::kAttaches;
    request->forgets_marks = request->attaches && can_ask();
    if (request->forgets_marks) request->accepted.insert(publish::risk::kDetached);
    request->confirm_within = flags_.confirm_within;
    progress::step("comparing them with what is in force");
    auto plan = publish::make_plan(line_.host, *world, *request);
    if (!plan) return fail(plan.error());
    if (kind_.looks_at_doors) {
      for (std::string& text : look_at_doors(request->policy.endpoints, request->policy.mode))
        plan->warnings.push_back(std::move(text));
    }
    if (kind_.asks_for_boot && goes_with_the_boot())
      plan->warnings.emplace_back(kNotGuardedAfterBoot);
    refused_.cut = plan->cut;
    refused_.cut_ranges = plan->cut_ranges;
    refused_.warnings = plan->warnings;
    const bool show = !agreement || !apply_agreement(*agreement, *request, *plan);
    return proceed(*world, *request, *plan, show);
  }

  // The supervisor's own verbs are told by it.
  [[nodiscard]] bool goes_with_the_boot() const {
    return std::getenv(kMarkedStream) == nullptr && !guarded_after_boot(line_.host).value_or(true);
  }

  // If the world has changed since the question, the agreement is void and the change is shown
  // anew.
  static bool apply_agreement(const Agreement& agreement, Request& request, Plan& plan) {
    if (!holds(agreement, report::preview(plan.shown(), false), plan)) {
      note("something changed while the question waited: this is the change as it is now");
      return false;
    }
    request.accepted.insert(agreement.risks.begin(), agreement.risks.end());
    std::erase_if(plan.risks,
                  [&](const Risk& risk) { return agreement.risks.contains(risk.name); });
    return true;
  }

  Result<> take_lock(std::optional<Lock>& lock) {
    if (flags_.dry_run) return {};
    if (held_) {
      lock = std::exchange(held_, std::nullopt);
      return {};
    }
    const auto ways = kind_.overtakes ? Ways::kOvertakes
                      : kind_.way_out ? Ways::kGoesOn
                                      : Ways::kWaits;
    auto taken = cli::take_lock(line_, ways);
    if (!taken) return fail(taken.error());
    lock = std::move(*taken);
    return {};
  }

  // A dry run writes nothing, so that it settles nothing.
  Result<World> look() {
    if (flags_.dry_run) return publish::look(line_.host);
    return look_and_settle(line_.host, kind_.way_out);
  }

  void show_preview(const Plan& plan) const {
    progress::clear();
    const bool colour = report::colour_wanted(STDOUT_FILENO);
    const std::string preview = report::preview(plan.shown(), colour);
    if (!flags_.json) outlet::put(STDOUT_FILENO, report::masked_but_colours(preview, colour));
    std::fflush(stdout);
  }

  // Whom enforce would have dropped since the audit began; nobody where that cannot be known.
  [[nodiscard]] std::vector<DeniedSource> look_at_audit(const World& world, const Request& request,
                                                        const Plan& plan) const {
    if (request.policy.mode != Mode::kEnforce) return {};
    auto found = publish::find_would_drop(line_.host, world, plan.judged_by(request));
    if (found) return std::move(*found);
    note(found.error().message + ": the sources that enforce would have dropped are not known");
    return {};
  }

  // The plan has warned of what cannot be read.
  [[nodiscard]] std::string describe_audit(const World& world, const Policy& policy,
                                           const std::vector<DeniedSource>& would_drop) const {
    const Timestamp now = publish::clocks(world).wall;
    std::vector<std::string> warned;
    const auto seen = publish::find_audited(line_.host, world, warned);
    const auto remembered = publish::find_unproven(line_.host, world);
    const auto unproven = propose::find_unproven(
        would_drop, remembered.value_or(std::vector<UnprovenSource>()), seen, policy.ranges, now);
    std::string text = publish::describe(would_drop, seen, now);
    if (unproven.empty()) return text;
    text += fmt::format("\nno connection of {} of them was seen:\n", unproven.size());
    text += report::unproven_text(unproven, now);
    text.pop_back();
    return text;
  }

  // In JSON they stand all.
  static void print_fresh(const World& world, const std::vector<std::string>& warnings) {
    const SortedWarnings sorted = sort_warnings(world, warnings);
    print_warnings(sorted.fresh);
    if (sorted.older != 0) tell(count_older(sorted));
  }

  Result<Attempt> proceed(const World& world, const Request& request, const Plan& plan, bool show) {
    if (plan.all_detached) return change_text(world, request, plan);
    const std::vector<DeniedSource> would_drop = look_at_audit(world, request, plan);
    if (show) {
      note_all(request.notes);
      print_fresh(world, plan.warnings);
      note_all(plan.notes);
      show_preview(plan);
      if (!would_drop.empty()) note(describe_audit(world, plan.judged_by(request), would_drop));
    }
    if (!plan.risks.empty()) return question(plan, plan.risks);
    if (plan.unchanged) return unchanged(world, request, plan);
    if (flags_.dry_run) return answer(plan, {}, "dry run: nothing was written or loaded");
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    auto published = publish::carry_out(line_.host, world, request, plan);
    if (!published && published.error().exit == Exit::kRefused) {
      return question(plan, {{publish::risk::kGenericXdp, published.error().message}});
    }
    if (!published) return fail(published.error());
    service::trace_change(line_.host, request, plan, *published);
    print_warnings(published->warnings);
    auto answered =
        answer(plan, *published,
               report::in_force_text(plan.generation, published->interfaces, request.policy.mode));
    if (request.is_unattended() && world.book.lost && !world.in_force)
      return fail(without_leases(plan));
    if (published->unconfirmed.empty()) return answered;
    return fail(not_all(plan, *published));
  }

  // A way out where a person took everything off: every packet passes, whatever the files say.
  [[nodiscard]] bool is_out_already(const World& world) const {
    return kind_.way_out && kind_.where_detached == WhereDetached::kWritesText && !world.in_force &&
           world.live.links.empty() && !read_detached(line_.host.run_dir).empty();
  }

  Result<Attempt> stays_out(const Error& error) const {
    note(error.message + ": the files stay as they are");
    finish({}, "not in force: everything is detached");
    Attempt attempt;
    attempt.exit = Exit::kDone;
    return attempt;
  }

  // The next apply on a terminal puts it in force, or one that accepts the risk.
  Result<Attempt> change_text(const World& world, const Request& request, const Plan& plan) {
    constexpr const char* kNotInForce = "not in force: everything is detached";
    const bool writes = kind_.where_detached == WhereDetached::kWritesText;
    if (kind_.where_detached == WhereDetached::kFails || (writes && flags_.confirm_within)) {
      return fail(Exit::kFailed,
                  fmt::format("{}: nothing was changed: first 'apiguard apply --accept-risk "
                              "detached'",
                              kNotInForce));
    }
    note_all(request.notes);
    print_fresh(world, plan.warnings);
    note_all(plan.notes);
    show_preview(plan);
    if (!plan.risks.empty()) return question(plan, plan.risks);
    if (writes && world.marked.value_or(0) != 0 && !plan.unchanged) {
      note(fmt::format("a boot restores generation {}, as it was before this change",
                       *world.marked));
    }
    if (writes && !flags_.dry_run && !plan.unchanged) {
      if (auto ours = fence::check(); !ours) return fail(ours.error());
      if (auto written = publish::write_text(line_.host, world, request); !written)
        return fail(written.error());
      service::trace_text(request, plan);
    }
    auto answered = answer(plan, {}, kNotInForce);
    return answered;
  }

  // It is in force all the same.
  static Error without_leases(const Plan& plan) {
    return {fmt::format("generation {}: is in force without leases: the book of leases cannot be "
                        "read: tools add their addresses again when they renew them",
                        plan.generation),
            Exit::kFailed, 0};
  }

  // A boot or a way out did all it could, and keeps it.
  static Error not_all(const Plan& plan, const publish::Published& published) {
    std::string text;
    for (const std::string& one : published.unconfirmed) text += one + "\n";
    return {fmt::format("{}generation {}: is not in force everywhere: what was done is kept; "
                        "'apiguard status' shows where",
                        text, plan.generation),
            Exit::kFailed, 0};
  }

  static Attempt question(const Plan& plan, std::vector<Risk> risks) {
    Attempt attempt;
    attempt.risks = std::move(risks);
    attempt.preview = report::preview(plan.shown(), false);
    attempt.cut = affected_clients(plan);
    return attempt;
  }

  // The kernel has it already; the text may still differ (the mode in a toml that management put
  // back).
  Result<Attempt> unchanged(const World& world, const Request& request, const Plan& plan) {
    if (auto checked = publish::check_unchanged(world, plan); !checked)
      return fail(checked.error());
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    if (auto agrees = flags_.dry_run ? Result<>() : bring_text(request, plan); !agrees)
      return fail(agrees.error());
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    report::Change change;
    change.dry_run = flags_.dry_run;
    change.generation = plan.generation;
    change.warnings = plan.warnings;
    finish(change, fmt::format("unchanged: generation {} stays in force", change.generation));
    Attempt attempt;
    attempt.exit = Exit::kDone;
    return attempt;
  }

  Attempt nothing(const World& world, const Request& request) const {
    note_all(request.notes);
    report::Change change;
    change.dry_run = flags_.dry_run;
    change.generation = world.in_force ? world.in_force->generation : 0;
    finish(change, world.in_force
                       ? fmt::format("unchanged: generation {} stays in force", change.generation)
                       : "unchanged: nothing is in force");
    Attempt attempt;
    attempt.exit = Exit::kDone;
    return attempt;
  }

  // Text and mark, as after a publish. A way out says what it could not write.
  [[nodiscard]] Result<> bring_text(const Request& request, const Plan& plan) const {
    for (const publish::FileEdit& edit : request.edits) {
      publish::TextChange text;
      Result<> brought = text.prepare(edit);
      if (brought) brought = text.commit();
      if (brought) brought = text.verify();
      if (!brought && !kind_.way_out) return brought;
      if (!brought) note(brought.error().message);
    }
    auto marked = publish::check_mark(line_.host, plan.generation);
    if (marked || !kind_.way_out) return marked;
    note(marked.error().message);
    return {};
  }

  Result<Attempt> answer(const Plan& plan, const publish::Published& published,
                         std::string text) const {
    report::Change change;
    change.changed = !plan.all_detached || !plan.unchanged;
    change.dry_run = flags_.dry_run;
    change.generation = plan.generation;
    change.difference = plan.shown();
    change.cut = plan.cut;
    change.cut_ranges = plan.cut_ranges;
    change.warnings = plan.warnings;
    change.warnings.insert(change.warnings.end(), plan.notes.begin(), plan.notes.end());
    change.warnings.insert(change.warnings.end(), published.warnings.begin(),
                           published.warnings.end());
    change.warnings.insert(change.warnings.end(), published.unconfirmed.begin(),
                           published.unconfirmed.end());
    if (!published.unconfirmed.empty()) change.changed = !published.interfaces.empty();
    if (published.deadline) text += "\n" + describe_window(*published.deadline);
    finish(change, text);
    Attempt attempt;
    attempt.exit = Exit::kDone;
    attempt.generation = published.generation;
    attempt.deadline = published.deadline;
    return attempt;
  }

  void finish(const report::Change& change, const std::string& text) const {
    answered_ = true;
    if (flags_.json) {
      print(report::to_json(change));
    } else {
      print(text);
    }
  }

  const CommandLine& line_;
  const ChangeFlags& flags_;
  const ChangeKind& kind_;
  const MakeRequest& make_request_;
  // for the first attempt: its turn has come
  std::optional<Lock> held_;
  // of the last attempt, without the error
  report::NotChanged refused_;
  // stdout has an answer
  mutable bool answered_ = false;
};

}  // namespace

Result<Exit> change(const CommandLine& line, const ChangeFlags& flags, const ChangeKind& kind,
                    const MakeRequest& make_request) {
  Changer changer(line, flags, kind, make_request);
  auto exit = changer.run();
  if (!exit) return fail(changer.answer_refusal(std::move(exit.error())));
  return exit;
}

}  // namespace apiguard::cli
