// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Keeps the generation in force attached: restores pins (Hold::pin_again), programs on links that
// stay (Hold::restore_program) and missing links (publish/attach_missing.hpp). It holds descriptors
// of all that is pinned, and what is needed to tell whether something is wrong. It reads text and
// ranges when something happens, and forgets them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/datapath/hold.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"
#include "loader/service/log.hpp"
#include "loader/status/compute_status.hpp"

namespace apiguard::service {

class Keeper {
 public:
  explicit Keeper(Host host) : host_(std::move(host)) {}

  enum class Outcome {
    // everything is as it should be
    kDone,
    // a verb holds the lock: soon again
    kBusy,
    // something could not be put right: the messages say what
    kTryLater
  };
  struct Round {
    Outcome outcome = Outcome::kDone;
    std::vector<Message> messages;
    // among them: what was put right
    std::vector<std::string> repairs;
    // it, or another edition, judges since the round before
    bool new_generation = false;
  };
  // Takes the lock if it is free; pins again what lost its pin, puts back programs that somebody
  // else replaced, settles what a dead verb or an expired confirmation left, and guards interfaces
  // that should be.
  [[nodiscard]] Round round();

  // Whether there is something to do, by a few system calls that need no lock.
  [[nodiscard]] bool disturbed() const;
  // The same for the interfaces: asks the kernel for its list of them.
  [[nodiscard]] bool misses_interface() const;
  // Whether what is in force guards an interface of these names, if it can be.
  [[nodiscard]] bool wants(const std::vector<std::string>& names) const;
  // Whether something that guards an interface has lost its pin: then nothing but us keeps it.
  [[nodiscard]] bool lost_pin() const { return hold_.lost_pin(); }
  // Interfaces that had a link of ours in the last round, by number, but for those that are told to
  // be gone since.
  [[nodiscard]] bool guarded_lately(int ifindex) const { return guarded_.contains(ifindex); }
  void note_gone(int ifindex) { guarded_.erase(ifindex); }
  // Pins that are removed because their generation was replaced do not wait for the next round.
  void drop_replaced() { hold_.drop_replaced(window_before()); }

  // Closes all that is held: for a process that is a copy of this one.
  void let_go() { hold_ = datapath::Hold(); }

  // As of the last round.
  [[nodiscard]] bool waits_for_confirmation() const { return window_ && window_->open(); }
  // A change did then, and does not any more.
  [[nodiscard]] bool was_confirmed() const;

  // By what is held and known.
  [[nodiscard]] Result<publish::World> view() const;
  [[nodiscard]] status::StatusReport standing(const publish::World& world) const;

  [[nodiscard]] bool guards() const { return live_.generation != 0; }
  [[nodiscard]] std::uint64_t generation() const { return live_.generation; }
  [[nodiscard]] const std::optional<publish::InForce>& known() const { return known_; }
  [[nodiscard]] const Floor& floor() const { return floor_; }
  // There is a book beside the list that is not the one it was loaded with.
  [[nodiscard]] bool outdated() const { return outdated_; }
  void set_unapplied(bool unapplied) { text_.unapplied = unapplied; }

 private:
  [[nodiscard]] datapath::Edition window_before() const {
    return window_ ? window_->fallback() : datapath::Edition();
  }
  [[nodiscard]] Detached left_alone() const;
  [[nodiscard]] Result<> pins_in_reach(Round& round);
  [[nodiscard]] Result<> repair(Round& round);
  [[nodiscard]] Result<> restore_program(Round& round);
  [[nodiscard]] Result<> settle_and_guard(Round& round);
  [[nodiscard]] Result<> refresh_hold(Round& round);
  void tell_missing(const datapath::Hold::Short& missing, Round& round);
  // `left`: the interfaces that the round left alone.
  void learn(const publish::World& world, const Detached& left, Round& round);

  Host host_;
  datapath::Hold hold_;
  // without text
  std::optional<publish::InForce> known_;
  std::optional<publish::PendingConfirmation> window_;
  status::TextStatus text_;
  std::optional<publish::Damage> damage_;
  // that links run; generation 0: none
  datapath::Edition live_;
  // as in World
  Floor floor_;
  bool outdated_ = false;
  bool out_of_reach_ = false;
  // as it was told
  datapath::Hold::Short missing_;
  // the same
  std::vector<std::string> strays_;
  // numbers of interfaces
  std::set<int> guarded_;
  // interfaces that could not be guarded in the last round
  std::set<std::string> failed_interfaces_;
};

}  // namespace apiguard::service
