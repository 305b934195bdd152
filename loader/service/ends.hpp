// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// By which clock the ends of ranges in force were computed, and whether that was the right one.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/base/time.hpp"
#include "loader/datapath/edition.hpp"

namespace apiguard::service {

class Ends {
 public:
  // This judges from now on (generation 0: nothing does). Its ends were computed by `offset` (wall
  // clock less boot-time clock), which the kernel says; where it does not, one that
  // was known before keeps what is known of it, and another one is taken for computed by `clocks`,
  // which are those that are taken now.
  void judged_by(const datapath::Edition& which, const Now& clocks,
                 std::optional<Timestamp> offset);

  // There is none to compute anew: by these clocks, all is well.
  void agree_with(const Now& clocks);

  // Why they have to be computed anew; none: they have not. A clock that a floor holds, and that
  // merely goes on, is no reason: the time that is taken goes on as before.
  [[nodiscard]] std::optional<std::string> why_anew(const Now& clocks) const;

 private:
  struct Computed {
    datapath::Edition which;
    Timestamp offset{};
  };
  Computed current_;
  Computed before_;
};

}  // namespace apiguard::service
