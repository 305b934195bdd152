// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/ends.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/host/floor.hpp"

namespace apiguard::service {

void Ends::judged_by(const datapath::Edition& which, const Now& clocks,
                     std::optional<Timestamp> offset) {
  if (which != current_.which) {
    std::swap(current_, before_);
    if (which != current_.which) current_ = {which, clock_offset(clocks)};
  }
  current_.offset = offset.value_or(current_.offset);
}

void Ends::agree_with(const Now& clocks) { current_.offset = clock_offset(clocks); }

std::optional<std::string> Ends::why_anew(const Now& clocks) const {
  if (current_.which.generation == 0) return std::nullopt;
  const Timestamp now = clock_offset(clocks);
  if (!clock_was_set(current_.offset, now)) return std::nullopt;
  return fmt::format("the clock was moved by {} s", (now - current_.offset) / 1s);
}

}  // namespace apiguard::service
