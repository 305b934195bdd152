// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is found by going over all ranges in force, and as a file: a million of them take a second.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::report {

struct Counted {
  std::uint64_t generation = 0;       // 0: nothing was counted
  std::size_t expiring = 0;           // ranges whose end is to come
  std::optional<Timestamp> next_end;  // the earliest of these ends
  std::optional<std::size_t> unused;  // as `list --unused 30d` shows them; none: not known
  std::string boot_id;                // in which boot,
  BootTime boot{};                    // and when by the boot-time clock
  std::chrono::nanoseconds took{};    // to count

  friend bool operator==(const Counted&, const Counted&) = default;
};

[[nodiscard]] std::string show_counted(const Counted& counted);
// Every member must be there and of its type. "counted: REASON".
[[nodiscard]] Result<Counted> parse_counted(const std::string& text);

}  // namespace apiguard::report
