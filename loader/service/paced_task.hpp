// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Work that many ask for is done once for all of them, at the earliest of the times they name. It
// takes a fifth of the time at most, however much asks for it.
#pragma once

#include <optional>

#include "loader/service/loop.hpp"
#include "loader/service/pace.hpp"

namespace apiguard::service {

class PacedTask {
 public:
  // `work` calls ended() when it has done something; one that could do nothing does not. `loop`
  // must outlive this.
  PacedTask(Loop& loop, Loop::Action work) : loop_(loop), work_(std::move(work)) {}

  // Never from within this call.
  void after(Span delay);
  // From within this call, if the time has come.
  void at(Moment due);
  // From within this call, whatever its share of the time.
  void run();

  void ended() { duty_.ended(Loop::Clock::now()); }
  // When it ended last.
  [[nodiscard]] Moment last() const { return duty_.last(); }

 private:
  void schedule(Moment due);

  Loop& loop_;
  Loop::Action work_;
  Duty duty_;
  std::optional<Moment> due_;
};

}  // namespace apiguard::service
