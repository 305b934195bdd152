// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Publishes what is in force once more, as another edition, where the clock was set or a verb died
// between its book and its edition (publish/republish.hpp).
#pragma once

#include <optional>
#include <string>

#include "loader/base/time.hpp"
#include "loader/ledger/host.hpp"
#include "loader/service/children.hpp"
#include "loader/service/ends.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/log.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/paced_task.hpp"

namespace apiguard::service {

class Republish {
 public:
  // References must outlive it. A round is asked for when an edition was published.
  Republish(Host host, Loop& loop, Keeper& keeper, Children& children, Log& log, PacedTask& rounds)
      : host_(std::move(host)),
        loop_(loop),
        keeper_(keeper),
        children_(children),
        log_(log),
        rounds_(rounds) {}

  // A round found that another edition judges.
  void learn_ends();
  // Begins if there is a reason and it does not run yet.
  void begin_if_wanted();
  // The same; after a failure the next try has its time.
  void look() {
    if (!try_due_) begin_if_wanted();
  }

 private:
  [[nodiscard]] std::optional<std::string> why(const Now& now) const;
  void try_later();

  Host host_;
  Loop& loop_;
  Keeper& keeper_;
  Children& children_;
  Log& log_;
  PacedTask& rounds_;
  Ends ends_;
  bool try_due_ = false;
};

}  // namespace apiguard::service
