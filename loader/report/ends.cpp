// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/ends.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/time.hpp"
#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::report {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

Timestamp whole_second(Timestamp time) { return std::chrono::floor<seconds>(time); }

// Its largest unit.
std::string brief(seconds time) {
  const std::string whole = show_duration(time);
  const std::size_t unit = whole.find(' ');
  return whole.substr(0, whole.find(' ', unit + 1));
}

std::string brief_end(const Range& range, Timestamp now) {
  const seconds left = std::chrono::floor<seconds>(*range.until) - std::chrono::floor<seconds>(now);
  if (*range.until <= now) return fmt::format("expired {} ago", brief(-left));
  return fmt::format("{}in {}", is_lapsing(range) ? "lapsing, " : "", brief(left));
}

}  // namespace

std::string end_text(const Range& range, Timestamp now, Times times) {
  if (!range.until) return "";
  if (times == Times::kRelative) return brief_end(range, now);
  // That of a lapsing line is computed from two clocks each time: its fractions mean nothing.
  const std::string end =
      format_timestamp(is_lapsing(range) ? whole_second(*range.until) : *range.until);
  // In seconds, because the years between two times may be more than nanoseconds can count.
  const seconds left = std::chrono::time_point_cast<seconds>(*range.until) -
                       std::chrono::time_point_cast<seconds>(now);
  if (*range.until <= now) return fmt::format("{} (expired {} ago)", end, show_duration(-left));
  return fmt::format("{} ({}in {})", end, is_lapsing(range) ? "lapsing, " : "",
                     show_duration(left));
}

// No fractions: nobody reads a table for them. A clock that was set back shows no time before now.
std::string seen_text(Timestamp seen, Timestamp now, Times times) {
  const Timestamp second = whole_second(seen);
  const auto ago = std::chrono::duration_cast<seconds>(std::max<nanoseconds>(0s, now - second));
  if (times == Times::kRelative) return brief(ago) + " ago";
  return fmt::format("{} ({} ago)", format_timestamp(second), show_duration(ago));
}

}  // namespace apiguard::report
