// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/ends.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/publish/again.hpp"

namespace apiguard::service {
namespace {

constexpr Timestamp kSecond = 1'000'000'000;

// Not for what clocks are disciplined by.
bool is_behind(const Now& clocks, Timestamp newest) {
  return clocks.wall < newest && publish::clock_was_set(newest, clocks.wall);
}

}  // namespace

void Ends::judged_by(std::uint64_t number, const Now& clocks, Timestamp newest,
                     std::optional<Timestamp> offset) {
  if (number == current_.number) return;
  std::swap(current_, before_);
  if (number == current_.number) return;
  current_ = {number, offset.value_or(publish::clock_offset(clocks)), is_behind(clocks, newest)};
}

void Ends::agree_with(const Now& clocks, Timestamp newest) {
  current_.offset = publish::clock_offset(clocks);
  current_.behind = is_behind(clocks, newest);
}

std::optional<std::string> Ends::why_anew(const Now& clocks, Timestamp newest) const {
  if (current_.number == 0) return std::nullopt;
  const Timestamp now = publish::clock_offset(clocks);
  if (publish::clock_was_set(current_.offset, now))
    return fmt::format("the clock was set by {} s", (now - current_.offset) / kSecond);
  if (current_.behind && !is_behind(clocks, newest))
    return "the clock has passed the newest generation, which it was behind";
  return std::nullopt;
}

}  // namespace apiguard::service
