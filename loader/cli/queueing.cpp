// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/queueing.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/cli/lease_answer.hpp"
#include "loader/cli/older_warnings.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/cli/waiting.hpp"
#include "loader/host/caller.hpp"
#include "loader/host/progress.hpp"
#include "loader/host/queue.hpp"
#include "loader/host/refused.hpp"
#include "loader/publish/group.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/make_plan.hpp"
#include "loader/publish/publish.hpp"
#include "loader/publish/ticket.hpp"
#include "loader/report/change.hpp"
#include "loader/report/terminal.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

using publish::Answer;
using publish::Fate;
using publish::Group;
using publish::Member;
using publish::Plan;
using publish::Published;
using publish::QueuedChange;
using publish::Verdict;
using publish::World;

// Of one generation. Who comes later goes with the next.
constexpr std::size_t kMostMembers = 1024;

Answer error_answer(const Error& error) {
  Answer answer;
  answer.exit = error.exit;
  answer.error = error.message;
  return answer;
}

// ---- who leads ---------------------------------------------------------------------------------

// What a group has come to, for each of its members.
class Outcome {
 public:
  Outcome(const World& world, const Group& group, const Plan& plan, const Published& published)
      : group_(group),
        plan_(plan),
        published_(published),
        sorted_(sort_warnings(world, plan.warnings)) {}

  [[nodiscard]] Answer of(const Member& member, const Verdict& verdict) const {
    Answer answer;
    answer.notes = verdict.notes;
    answer.warnings = warnings_of(member, plan_.warnings);
    if (publish::lease_of(member.change) != nullptr) return of_lease(member, verdict, answer);
    const report::Change change = change_of(verdict, answer.warnings);
    answer.warnings = warnings_of(member, sorted_.fresh);
    if (sorted_.older != 0) answer.notes.push_back(count_older(sorted_));
    if (change.changed && others() > 0) answer.notes.push_back(together());
    answer.out = member.change.json ? report::to_json(change)
                                    : report::preview(change.difference, member.change.colour) +
                                          text_of(verdict, change.generation);
    return answer;
  }

 private:
  static void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
  }

  [[nodiscard]] std::vector<std::string> warnings_of(
      const Member& member, const std::vector<std::string>& of_plan) const {
    std::vector<std::string> warnings = member.change.warnings;
    append(warnings, of_plan);
    append(warnings, plan_.notes);
    append(warnings, published_.warnings);
    return warnings;
  }

  [[nodiscard]] Answer of_lease(const Member& member, const Verdict& verdict,
                                const Answer& answer) const {
    report::Leases leases{verdict.changed, plan_.generation, plan_.edition, verdict.leases,
                          answer.warnings};
    const Mode mode = group_.request.policy.mode;
    return lease_answer(
        std::move(leases), mode, member.change.json, answer.notes,
        plan_.unchanged ? fmt::format("unchanged: generation {} stays in force", plan_.generation)
                        : report::in_force_text(plan_.generation, published_.interfaces, mode));
  }

  [[nodiscard]] std::size_t others() const {
    return group_.request.changes.empty() ? 0 : group_.request.changes.size() - 1;
  }

  [[nodiscard]] std::string together() const {
    return fmt::format(
        "generation {}: published together with {}: 'apiguard rollback' undoes all of them",
        plan_.generation, count_of(others(), "other change"));
  }

  [[nodiscard]] report::Change change_of(const Verdict& verdict,
                                         const std::vector<std::string>& warnings) const {
    report::Change change;
    change.changed = verdict.changed;
    change.generation = verdict.done.value_or(plan_.generation);
    change.warnings = warnings;
    if (!verdict.changed) return change;
    change.difference = with_origins(verdict.difference);
    change.cut = publish::cut_by(plan_.cut, verdict.difference);
    change.cut_ranges = publish::cut_by(plan_.cut_ranges, verdict.difference);
    return change;
  }

  // Where each stands is known for the whole.
  [[nodiscard]] Difference with_origins(Difference difference) const {
    find_origins(difference.added, plan_.difference.added);
    find_origins(difference.removed, plan_.difference.removed);
    return difference;
  }
  static void find_origins(std::vector<Range>& ranges, const std::vector<Range>& known) {
    for (Range& range : ranges) {
      const auto found = std::find(known.begin(), known.end(), range);
      if (found != known.end()) range.origin = found->origin;
    }
  }

  [[nodiscard]] std::string text_of(const Verdict& verdict, std::uint64_t generation) const {
    if (!verdict.changed) return fmt::format("unchanged: generation {} stays in force", generation);
    if (verdict.done) {
      return fmt::format(
          "generation {}: this change is part of it; the command that published it exited before "
          "it reported that",
          generation);
    }
    return report::in_force_text(generation, published_.interfaces, group_.request.policy.mode);
  }

  const Group& group_;
  const Plan& plan_;
  const Published& published_;
  // of the plan
  SortedWarnings sorted_;
};

// Holds the lock, and its own ticket is one of the queue.
class Leader {
 public:
  Leader(const CommandLine& line, Ticket& ticket)
      : line_(line), ticket_(ticket), queue_(line.host.run_dir) {}

  // None: the change of this process goes alone, behind those that were published first.
  Result<std::optional<Answer>> lead() {
    read_members();
    const bool is_there = own() != nullptr;
    if (!is_there || (members_.size() == 1 && ticket_.withdraw())) return alone();
    progress::step("reading what is in force");
    const auto world = look_and_settle(line_.host, false);
    if (!world) return fail(world.error());
    if (world->window && world->window->open()) return alone();
    return judge(*world);
  }

 private:
  static std::optional<Answer> alone() { return std::nullopt; }

  void read_members() {
    for (Queue::Waiting& waiting : queue_.waiting(ticket_.name(), kMostMembers)) {
      auto change = publish::parse_ticket(waiting.text);
      if (change) {
        members_.push_back({std::move(waiting.name), std::move(*change)});
      } else {
        tell(waiting.name, error_answer(change.error()));
      }
    }
  }

  [[nodiscard]] const Member* own() const {
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
      return member.ticket == ticket_.name();
    });
    return found == members_.end() ? nullptr : &*found;
  }

  // Who withdraws meanwhile leaves, and the rest is judged anew.
  Result<std::optional<Answer>> judge(const World& world) {
    while (true) {
      progress::step(fmt::format("judging {}", count_of(members_.size(), "change")));
      auto group = publish::make_group(line_.host, world, members_);
      if (!group) return alone();
      if (verdict_of(*group).fate == Fate::kAlone) {
        if (leave_later_ones()) continue;
        if (!serves_others(*group)) return alone();
      }
      auto plan = publish::make_plan(line_.host, world, group->request);
      if (!plan) return tell_all(*group, plan.error());
      if (!plan->risks.empty() || plan->all_detached || plan->targets.empty()) return alone();
      if (!take_all(*group)) continue;
      group->request.last_look = [&] { return look_last(*group); };
      auto published = publish(world, *group, *plan);
      if (published || !std::exchange(gone_, false)) return published;
    }
  }

  // A change that goes alone meets what waited before it, whichever of them got the lock first.
  // False: nobody came later.
  bool leave_later_ones() {
    const auto later = members_.begin() + (own() - members_.data()) + 1;
    if (later == members_.end()) return false;
    members_.erase(later, members_.end());
    return true;
  }
  [[nodiscard]] static bool serves_others(const Group& group) {
    return std::any_of(group.verdicts.begin(), group.verdicts.end(),
                       [](const Verdict& verdict) { return verdict.fate == Fate::kJoins; });
  }

  // Who has gone away since its change was taken is not published, as far as that can be told.
  Result<> look_last(const Group& group) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const std::string& ticket = members_[i].ticket;
      if (group.verdicts[i].fate != Fate::kJoins || ticket == ticket_.name() ||
          queue_.is_waiting(ticket))
        continue;
      gone_ = true;
      return fail(Exit::kFailed, "ticket: nobody is waiting for it", ESRCH);
    }
    return {};
  }

  [[nodiscard]] const Verdict& verdict_of(const Group& group) const {
    return group.verdicts[static_cast<std::size_t>(own() - members_.data())];
  }

  // False: some of them are gone.
  bool take_all(const Group& group) {
    std::vector<Member> there;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const bool joins = group.verdicts[i].fate == Fate::kJoins;
      if (!joins || queue_.take(members_[i].ticket, ticket_.name())) there.push_back(members_[i]);
    }
    const bool all = there.size() == members_.size();
    if (!all) members_ = std::move(there);
    return all;
  }

  Result<std::optional<Answer>> publish(const World& world, const Group& group, const Plan& plan) {
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    auto published = plan.unchanged ? confirm(world, plan)
                                    : publish::carry_out(line_.host, world, group.request, plan);
    // Of a verb that was overtaken nobody hears: they go on by themselves.
    if (auto ours = fence::check(); !ours) return fail(ours.error());
    if (!published && published.error().exit == Exit::kRefused) return alone();
    if (!published && gone_) return fail(published.error());
    if (!published) return tell_all(group, published.error());
    if (!plan.unchanged) service::trace_group(line_.host, group, members_, *published);
    const Outcome outcome(world, group, plan, *published);
    auto ours_of_it = tell_each(group, [&](const Member& member, const Verdict& verdict) {
      return outcome.of(member, verdict);
    });
    count_refused_leases(group);
    return ours_of_it;
  }

  // Each of these answers has been given.
  void count_refused_leases(const Group& group) const {
    std::vector<LeaseAnswer> answers;
    for (const Verdict& verdict : group.verdicts) {
      if (verdict.fate != Fate::kJoins) continue;
      answers.insert(answers.end(), verdict.leases.begin(), verdict.leases.end());
    }
    if (auto counted = count_refused(line_.host.run_dir, answers); !counted)
      note(counted.error().message + ": refused leases are not counted");
  }

  // All of it is in force already: as true as where it is published.
  Result<Published> confirm(const World& world, const Plan& plan) const {
    if (auto checked = publish::check_unchanged(world, plan); !checked)
      return fail(checked.error());
    if (auto marked = publish::check_mark(line_.host, plan.generation); !marked)
      return fail(marked.error());
    Published published;
    published.generation = plan.generation;
    return published;
  }

  // What fails them fails all of them alike.
  Result<std::optional<Answer>> tell_all(const Group& group, const Error& error) {
    return tell_each(group, [&](const Member&, const Verdict&) { return error_answer(error); });
  }

  // Who goes alone is not told: its turn comes.
  template <typename AnswerOf>
  Result<std::optional<Answer>> tell_each(const Group& group, const AnswerOf& answer_of) {
    std::optional<Answer> ours;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const Verdict& verdict = group.verdicts[i];
      if (verdict.fate == Fate::kAlone) continue;
      Answer answer = verdict.fate == Fate::kRefused ? error_answer(verdict.error)
                                                     : answer_of(members_[i], verdict);
      if (members_[i].ticket == ticket_.name()) {
        ours = std::move(answer);
      } else {
        tell(members_[i].ticket, answer);
      }
    }
    return ours;
  }

  // Where it cannot be written the other one finds its change in the record.
  void tell(const std::string& ticket, const Answer& answer) const {
    (void)queue_.answer(ticket, publish::show_answer(answer));
  }

  const CommandLine& line_;
  Ticket& ticket_;
  Queue queue_;
  std::vector<Member> members_;
  // the last look found somebody gone: the rest is judged anew
  bool gone_ = false;
};

// ---- who waits ---------------------------------------------------------------------------------

Result<Turn> answered(const Ticket& ticket) {
  const auto text = ticket.answer();
  const auto answer = text ? publish::parse_answer(*text)
                           : Result<Answer>(fail(Exit::kFailed, "ticket: its answer is gone"));
  if (!answer) {
    return fail(Exit::kFailed, answer.error().message +
                                   ": 'apiguard history' shows whether the change was published");
  }
  const auto exit = say_answer(*answer);
  if (!exit) return fail(exit.error());
  return Turn{*exit, std::nullopt};
}

// Whoever holds the lock may go on and publish it: that nothing was changed cannot be said.
Error taken_by(const CommandLine& line, const Ticket& ticket, Error error) {
  const auto world = publish::look(line.host);
  const auto found = world ? publish::find_published(*world, ticket.name()) : std::nullopt;
  error.message += found ? fmt::format(
                               "; this change is part of generation {}, which that command has not "
                               "finished: 'apiguard status' shows what is in force",
                               found->generation)
                         : "; that command has taken this change as well, and publishes it if it "
                           "resumes: 'apiguard history' shows whether it did";
  return error;
}

Result<Turn> gave_up(const CommandLine& line, Ticket& ticket, const Error& error) {
  if (ticket.withdraw()) return fail(error);
  if (ticket.is_answered()) return answered(ticket);
  return fail(taken_by(line, ticket, error));
}

// Said without the lock: whoever reads it may be slow.
Result<Turn> lead(const CommandLine& line, Ticket& ticket, std::optional<Lock> lock) {
  auto led = Leader(line, ticket).lead();
  if (led && !*led) return Turn{std::nullopt, std::move(lock)};
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  lock.reset();
  if (!led) return fail(led.error());
  const auto exit = say_answer(**led);
  if (!exit) return fail(exit.error());
  return Turn{*exit, std::nullopt};
}

}  // namespace

QueuedChange queued_change(const CommandLine& line, const ChangeFlags& flags,
                           QueuedChange::What what, std::vector<std::string> warnings) {
  QueuedChange change;
  Who caller = who();
  change.by = std::move(caller.text);
  change.login_uid = caller.login_uid;
  change.client = std::move(caller.client);
  change.verb = line.command;
  change.json = flags.json;
  change.colour = report::colour_wanted(STDOUT_FILENO);
  change.accepted = flags.accepted;
  change.warnings = std::move(warnings);
  change.what = std::move(what);
  return change;
}

Result<Exit> say_answer(const Answer& answer) {
  for (const std::string& text : answer.notes) note(text);
  print_warnings(answer.warnings);
  if (!answer.out.empty()) print(answer.out);
  if (!answer.error.empty()) return fail({answer.error, answer.exit, 0, !answer.out.empty()});
  return answer.exit;
}

Result<Turn> wait_in_queue(const CommandLine& line, const QueuedChange& change) {
  auto ticket = Ticket::enter(line.host.run_dir, publish::show_ticket(change));
  if (!ticket) {  // no place for a queue
    auto lock = take_lock(line, Ways::kWaits);
    if (!lock) return fail(lock.error());
    return Turn{std::nullopt, std::move(*lock)};
  }
  auto lock =
      Lock::take_unless(line.host.run_dir, line.command, [&] { return ticket->is_answered(); });
  if (!lock) return gave_up(line, *ticket, lock.error());
  if (!*lock || ticket->is_answered()) {
    lock->reset();
    return answered(*ticket);
  }
  return lead(line, *ticket, std::move(*lock));
}

}  // namespace apiguard::cli
