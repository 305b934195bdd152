// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// By which clock the ends of ranges in force were computed, and whether that was the right one.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/compile/image.hpp"

namespace apiguard::service {

class Ends {
 public:
  // Generation `number` judges from now on (0: none does). Its ends were computed by `offset` (wall
  // clock less boot-time clock, nanoseconds), if that is known from elsewhere; one that was known
  // before, as what an unconfirmed change went back to, keeps what is known of it; another one is
  // new, and computed by the clocks as they are. `clocks` are not held, `newest` is what holds
  // them: the time of the newest generation.
  void judged_by(std::uint64_t number, const Now& clocks, Timestamp newest,
                 std::optional<Timestamp> offset);

  // They were computed anew, or there is none: by these clocks, all is well.
  void agree_with(const Now& clocks, Timestamp newest);

  // Why they have to be computed anew; none: they have not. A clock that is behind `newest` and
  // merely goes on is no reason, its having passed that is one.
  [[nodiscard]] std::optional<std::string> why_anew(const Now& clocks, Timestamp newest) const;

 private:
  struct Computed {
    std::uint64_t number = 0;
    Timestamp offset = 0;
    bool behind = false;  // the newest generation
  };
  Computed current_;
  Computed before_;
};

}  // namespace apiguard::service
