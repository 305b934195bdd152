// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/leasing.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/cli/lease_answer.hpp"
#include "loader/cli/queueing.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/progress.hpp"
#include "loader/host/refused.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/booking.hpp"
#include "loader/publish/leases.hpp"
#include "loader/publish/make_plan.hpp"
#include "loader/publish/publish.hpp"
#include "loader/publish/ticket.hpp"
#include "loader/report/change.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

using publish::Answer;
using publish::Plan;
using publish::Published;
using publish::Request;
using publish::World;

// Alone, with the lock.
class Booking {
 public:
  Booking(const CommandLine& line, const World& world, bool json)
      : line_(line), world_(world), json_(json) {}

  Result<Answer> lease(const LeaseOrder& order) {
    const auto limits = publish::limits_in_force(line_.host, world_);
    if (!limits) return fail(limits.error());
    if (auto allowed = check_order(order, *limits); !allowed) return fail(allowed.error());
    Granted granted = grant(world_.booked(), *limits, order, publish::moment_of(world_));
    notes_ = std::move(granted.notes);
    if (const Policy* text = policy())
      publish::weigh(world_, *text, granted.book, publish::pointers_to(granted.answers));
    if (auto done = bring(std::move(granted.book), granted.changed); !done)
      return fail(done.error());
    if (granted.changed)
      service::trace_leases(line_.host, {generation_, order.by, granted.answers});
    if (is_overdue()) say_overdue(granted.answers);
    if (auto counted = count_refused(line_.host.run_dir, granted.answers); !counted)
      warnings_.push_back(counted.error().message + ": refused leases are not counted");
    report::Leases leases{granted.changed, generation_, edition_, std::move(granted.answers),
                          std::move(warnings_)};
    return lease_answer(std::move(leases), mode(), json_, std::move(notes_), where_);
  }

  Result<Answer> unbar(Book book, const std::string& named) {
    if (auto done = bring(std::move(book), true); !done) return fail(done.error());
    service::trace_unbar(generation_, line_.command, named);
    const report::Leases leases{true, generation_, edition_, {}, std::move(warnings_)};
    notes_.push_back(fmt::format("bar '{}': lifted: leases are granted again", named));
    return lease_answer(leases, Mode::kOff, json_, std::move(notes_), where_);
  }

 private:
  // The change that it joined has not been confirmed in time: what it falls back to judges.
  [[nodiscard]] bool is_overdue() const {
    return world_.window && world_.window->open() && read_clocks().boot >= *world_.window->deadline;
  }
  void say_overdue(std::vector<LeaseAnswer>& answers) {
    where_ = "not in force: the pending change was not confirmed in time";
    for (LeaseAnswer& answer : answers) {
      if (!std::exchange(answer.in_force, false)) continue;
      answer.why = "the pending change was not confirmed in time: 'apiguard status' settles it";
    }
  }

  [[nodiscard]] const Policy* policy() const {
    return world_.in_force ? world_.in_force->policy() : nullptr;
  }

  // Where nothing judges packets, no lease can be in force.
  [[nodiscard]] Mode mode() const {
    return generation_ == 0 ? Mode::kOff : publish::mode_of(*world_.in_force);
  }

  // The book to where it is judged, or at least to the disk.
  Result<> bring(Book book, bool changed) {
    if (!world_.in_force)
      return write_only(changed ? std::optional(std::move(book)) : std::nullopt);
    auto request = publish::request_book(line_.host, world_, std::move(book));
    if (!request) return fail(request.error());
    if (!changed) request->book.reset();
    request->verb = line_.command;
    auto plan = publish::make_plan(line_.host, world_, *request);
    if (!plan) return fail(plan.error());
    if (!plan->risks.empty()) return refuse(*plan);
    warnings_ = plan->warnings;
    // Every interface that is there was detached by hand.
    if (plan->targets.empty()) return write_only(plan->book);
    return carry_out(*request, *plan);
  }

  // Only where the text in force cannot be read, so that the files are to be published.
  static Result<> refuse(const Plan& plan) {
    return fail(Exit::kFailed,
                fmt::format("lease: nothing was changed: the text in force cannot be read, and "
                            "the files would change more: {}: see 'apiguard apply'",
                            plan.risks.front().message));
  }

  Result<> carry_out(const Request& request, const Plan& plan) {
    if (auto ours = fence::check(); !ours) return ours;
    Published published;
    if (plan.unchanged) {
      if (auto same = publish::check_unchanged(world_, plan); !same) return same;
      published.generation = plan.generation;
      where_ = fmt::format("unchanged: generation {} stays in force", plan.generation);
    } else {
      auto done = publish::carry_out(line_.host, world_, request, plan);
      if (!done) return fail(done.error());
      published = std::move(*done);
      where_ = report::in_force_text(plan.generation, published.interfaces, request.policy.mode);
    }
    warnings_.insert(warnings_.end(), published.warnings.begin(), published.warnings.end());
    generation_ = plan.generation;
    edition_ = plan.edition;
    return {};
  }

  // None: the book stays as it is.
  Result<> write_only(std::optional<Book> book) {
    const bool detached = !read_detached(line_.host.run_dir).empty();
    where_ = detached ? "not in force: everything is detached"
                      : fmt::format("not in force: {}", publish::kNothingInForce);
    if (!book) return {};
    return publish::write_next_book(line_.host, world_, std::move(*book));
  }

  const CommandLine& line_;
  const World& world_;
  bool json_;
  std::vector<std::string> notes_;
  std::vector<std::string> warnings_;
  std::string where_;
  std::uint64_t generation_ = 0;
  std::uint64_t edition_ = 0;
};

}  // namespace

Result<Exit> lease(const CommandLine& line, LeaseOrder order, bool json) {
  ChangeFlags flags;
  flags.json = json;
  auto queued = queued_change(line, flags, publish::LeaseChange{std::move(order)}, {});
  auto& own = std::get<publish::LeaseChange>(queued.what).order;
  own.by = queued.by;
  auto turn = wait_in_queue(line, queued);
  if (!turn) return fail(turn.error());
  if (turn->exit) return *turn->exit;
  progress::step("reading what is in force");
  const auto world = look_and_settle(line.host, false);
  if (!world) return fail(world.error());
  auto answer = Booking(line, *world, json).lease(own);
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  turn->lock.reset();
  if (!answer) return fail(answer.error());
  return say_answer(*answer);
}

Result<Exit> take_bars_out(const CommandLine& line, const Selector& selector, bool json) {
  auto lock = take_lock(line, Ways::kWaits);
  if (!lock) return fail(lock.error());
  const auto world = look_and_settle(line.host, false);
  if (!world) return fail(world.error());
  const std::string named = selector.prefix ? to_string(*selector.prefix) : selector.name;
  auto book = unbar(world->booked(), selector, publish::moment_of(*world));
  if (!book) {
    return fail(Exit::kNo,
                fmt::format("bar '{}': there is none: 'apiguard list' shows them", named));
  }
  auto answer = Booking(line, *world, json).unbar(std::move(*book), named);
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  lock->reset();
  if (!answer) return fail(answer.error());
  return say_answer(*answer);
}

}  // namespace apiguard::cli
