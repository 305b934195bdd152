// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/ends.hpp"

#include <fmt/format.h>

#include "loader/policy/duration.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::report {

std::string end_text(const std::optional<Timestamp>& until, Timestamp now) {
  constexpr Timestamp kSecond = 1'000'000'000;
  if (!until) return "";
  // In seconds, because the years between two times may be more than nanoseconds can count.
  const std::int64_t left = *until / kSecond - now / kSecond;
  return *until > now
             ? fmt::format("{} (in {})", format_timestamp(*until), show_duration(left))
             : fmt::format("{} (ended {} ago)", format_timestamp(*until), show_duration(-left));
}

}  // namespace apiguard::report
