// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/ends.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/policy/duration.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::report {
namespace {

constexpr Timestamp kSecond = 1'000'000'000;

}  // namespace

std::string end_text(const std::optional<Timestamp>& until, Timestamp now) {
  if (!until) return "";
  // In seconds, because the years between two times may be more than nanoseconds can count.
  const std::int64_t left = *until / kSecond - now / kSecond;
  return *until > now
             ? fmt::format("{} (in {})", format_timestamp(*until), show_duration(left))
             : fmt::format("{} (ended {} ago)", format_timestamp(*until), show_duration(-left));
}

// No fractions: nobody reads a table for them. A clock that was set back shows no time before now.
std::string seen_text(Timestamp seen, Timestamp now) {
  const Timestamp second = seen - (seen % kSecond + kSecond) % kSecond;
  const Timestamp ago = std::max<Timestamp>(0, now - second) / kSecond;
  return fmt::format("{} ({} ago)", format_timestamp(second), show_duration(ago));
}

}  // namespace apiguard::report
