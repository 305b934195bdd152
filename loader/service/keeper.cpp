// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/keeper.hpp"

#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "loader/base/descriptors.hpp"
#include "loader/base/fence.hpp"
#include "loader/datapath/confirmation.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/lock.hpp"
#include "loader/publish/attach_missing.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/settle.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::service {
namespace {

void tell(Keeper::Round& round, Level level, std::string kind, std::string text) {
  round.messages.push_back({level, std::move(kind), std::move(text)});
}

void tell_repair(Keeper::Round& round, std::string kind, std::string text) {
  round.repairs.push_back(text);
  tell(round, Level::kWarning, std::move(kind), std::move(text));
}

std::string describe(const std::vector<std::string>& pins) {
  if (pins.size() == 1) return fmt::format("pin '{}': was removed: pinned again", pins.front());
  return fmt::format("pin '{}' and {} more: were removed: pinned again", pins.front(),
                     pins.size() - 1);
}

// A way out overtook this process, which was stopped in the middle of the round or took too long.
// What it found and meant to do is of no use any more. What it holds it goes on holding.
Keeper::Round start_over(const Error& why) {
  Keeper::Round round;
  round.outcome = Keeper::Outcome::kBusy;
  tell(round, Level::kNotice, "round", why.message + "; looking again");
  return round;
}

}  // namespace

Keeper::Round Keeper::round() {
  Round round;
  const auto lock = Lock::take(host_.run_dir, "run", std::chrono::milliseconds(0));
  if (!lock && lock.error().os_error == EWOULDBLOCK) {
    round.outcome = Outcome::kBusy;
    return round;
  }
  auto done = lock ? pins_in_reach(round) : Result<>(fail(lock.error()));
  if (done) done = repair(round);
  if (done) done = settle_and_guard(round);
  if (const auto ours = fence::check(); !ours) return start_over(ours.error());
  if (!done) {
    tell(round, Level::kError, "round", done.error().message);
    round.outcome = Outcome::kTryLater;
  }
  malloc_trim(0);  // of a long list that was read and forgotten
  return round;
}

// Nothing is mounted here: that would take CAP_SYS_ADMIN, and in a namespace of our own nobody else
// would see it. Descriptors keep links, programs and maps until somebody mounts it again.
Result<> Keeper::pins_in_reach(Round& round) {
  auto created = host_.pins.create();
  if (!created) {
    if (!out_of_reach_ && !hold_.empty()) {
      tell(round, Level::kWarning, "pins",
           fmt::format(
               "pin '{}': is out of reach: this process keeps its links, and packets are judged as "
               "before, until it exits; it pins everything again as soon as it can",
               host_.pin_dir));
    }
    out_of_reach_ = true;
    return created;
  }
  if (std::exchange(out_of_reach_, false))
    tell(round, Level::kNotice, "pins", fmt::format("pin '{}': is in reach again", host_.pin_dir));
  return {};
}

// Before anything is settled: a link without its pin, or with a program of somebody else, would be
// taken for a change that was interrupted.
Result<> Keeper::repair(Round& round) {
  const datapath::Pins& pins = host_.pins;
  hold_.drop_replaced(window_before());
  const auto pinned = hold_.pin_again(pins, window_before());
  if (!pinned) return fail(pinned.error());
  if (!pinned->empty()) tell_repair(round, "pins", describe(*pinned));
  if (auto held = refresh_hold(round); !held) return held;
  return restore_program(round);
}

// Once, and once that it is over: not where it only seems so, because links have gone.
void Keeper::tell_missing(const datapath::Hold::Short& missing, Round& round) {
  if (missing.links != 0 && missing_.links == 0) {
    tell(round, Level::kWarning, "descriptors",
         fmt::format("links: {} of {} cannot be held open: the limit of open files is {}: they "
                     "guard, but are gone if their pins are removed: raise it (LimitNOFILE= of the "
                     "unit, 'ulimit -Hn')",
                     missing.links, missing.of, descriptors::read_limit().rlim_cur));
    missing_ = missing;
  } else if (missing.links == 0 && missing_.links != 0 && missing.of >= missing_.of) {
    tell(round, Level::kNotice, "descriptors", "links: all are held open now");
    missing_ = missing;
  }
}

// What cannot be held, and what is not ours, is said once.
Result<> Keeper::refresh_hold(Round& round) {
  auto refreshed = hold_.refresh(host_.pins);
  tell_missing(hold_.missing(), round);
  for (const std::string& stray : hold_.strays()) {
    if (std::find(strays_.begin(), strays_.end(), stray) == strays_.end())
      tell(round, Level::kWarning, "stray", datapath::describe_stray(stray));
  }
  strays_ = hold_.strays();
  return refreshed;
}

// To the generation that a boot would publish, if it is here, else to the one that was seen last.
Result<> Keeper::restore_program(Round& round) {
  const auto marked = host_.state.in_force();
  // The newest edition of it that is here.
  datapath::Edition which = live_;
  const datapath::Live held = hold_.live();
  for (const datapath::PinnedGeneration& pinned : held.generations) {
    if (marked && *marked && pinned.which.generation == **marked) which = pinned.which;
  }
  const auto done = hold_.restore_program(which);
  if (!done) return fail(done.error());
  for (const datapath::AttachPoint& point : *done) {
    tell_repair(
        round, "program",
        fmt::format(
            "{}: another process replaced the program on its link: generation {} is restored",
            describe(point), which.generation));
  }
  return {};
}

Detached Keeper::left_alone() const { return read_detached(host_.run_dir); }

Result<> Keeper::settle_and_guard(Round& round) {
  publish::Settled settled;
  auto world = publish::look_and_settle(host_, {true, known_ ? &*known_ : nullptr}, settled);
  for (std::string& text : settled.messages) tell(round, Level::kNotice, "settle", std::move(text));
  trace_settled(host_, settled, world ? &*world : nullptr);
  if (!world) return fail(world.error());
  if (world->unsettled) {
    tell(round, Level::kError, "settle", *world->unsettled);
    round.outcome = Outcome::kTryLater;
  }
  const auto left = left_alone();
  publish::Guarded guarded;
  if (!world->live.by_id) guarded = publish::attach_missing(host_, *world, left);
  if (guarded.changed)
    round.repairs.insert(round.repairs.end(), guarded.messages.begin(), guarded.messages.end());
  for (std::string& text : guarded.messages) tell(round, Level::kNotice, "guard", std::move(text));
  for (std::string& text : guarded.failures) tell(round, Level::kError, "guard", std::move(text));
  if (!guarded.failures.empty()) round.outcome = Outcome::kTryLater;
  if (guarded.changed) {
    const publish::InForce* known = world->in_force ? &*world->in_force : nullptr;
    auto again = publish::look(host_, known);
    if (!again) return fail(again.error());
    if (known != nullptr && again->in_force) again->in_force->stored = world->in_force->stored;
    world = std::move(again);
  }
  if (auto held = refresh_hold(round); !held) return held;
  learn(*world, left, round);
  return {};
}

void Keeper::learn(const publish::World& world, const Detached& left, Round& round) {
  live_ = world.live.newest().value_or(datapath::Edition());
  window_ = world.window;
  floor_ = world.floor;
  guarded_.clear();
  for (const datapath::LinkState& link : world.live.links) {
    if (const auto ifindex = datapath::ifindex_of(link.point)) guarded_.insert(*ifindex);
  }
  // Where the last interface is gone or detached, the book waits for the next one.
  outdated_ = world.is_outdated() && publish::has_living_link(world);
  damage_ = world.damage;
  const auto missing = publish::unguarded(world, left);
  failed_interfaces_ = {missing.begin(), missing.end()};
  const datapath::Edition before = known_ ? known_->which() : datapath::Edition();
  if (!world.in_force) {
    known_.reset();
    round.new_generation = before.generation != 0;
    return;
  }
  round.new_generation = world.in_force->which() != before;
  if (!round.new_generation) return;
  if (const auto& stored = world.in_force->stored) {
    const GenerationMeta& meta = stored->meta;
    text_ = {meta.ranges4, meta.ranges6, meta.fingerprint, meta.fingerprint_permanent, false, {}};
  } else {
    text_ = {};
    tell(round, Level::kWarning, "text",
         "the text in force is not known: " + world.in_force->missing);
  }
  known_ = *world.in_force;
  known_->stored.reset();
}

bool Keeper::disturbed() const {
  if (hold_.changed()) return true;
  return waits_for_confirmation() && read_clocks().boot >= *window_->deadline;
}

bool Keeper::was_confirmed() const {
  if (!waits_for_confirmation()) return false;
  const auto deadline = datapath::read_deadline(host_.pins, window_->which());
  return deadline && !*deadline;
}

bool Keeper::misses_interface() const {
  if (!known_ || !guards()) return false;
  const auto world = view();
  if (!world) return true;
  const auto missing = publish::unguarded(*world, left_alone());
  return std::any_of(missing.begin(), missing.end(),
                     [&](const std::string& name) { return !failed_interfaces_.contains(name); });
}

bool Keeper::wants(const std::vector<std::string>& names) const {
  return known_ && known_->config && is_wanted(known_->config->interfaces, names);
}

Result<publish::World> Keeper::view() const {
  publish::World world;
  world.live = hold_.live();
  auto interfaces = list_interfaces();
  if (!interfaces) return fail(interfaces.error());
  world.interfaces = std::move(*interfaces);
  publish::note_guarded(world);
  world.in_force = known_;
  world.window = window_;
  if (world.window && world.window->deadline)
    world.window->expired = *world.window->deadline <= read_clocks().boot;
  world.floor = floor_;
  world.damage = damage_;
  return world;
}

status::StatusReport Keeper::standing(const publish::World& world) const {
  status::StatusReport standing = status::compute_status(host_, world, text_);
  if (out_of_reach_) {
    standing.status.guarded = false;
    standing.problems.push_back(fmt::format(
        "pin '{}': is out of reach: the filter is gone when the supervisor exits", host_.pin_dir));
  }
  return standing;
}

}  // namespace apiguard::service
