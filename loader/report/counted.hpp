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
  // 0: nothing was counted
  std::uint64_t generation = 0;
  // ranges whose end is to come
  std::size_t expiring = 0;
  // the earliest of these ends
  std::optional<Timestamp> next_end;
  // as `list --unused 30d` shows them; none: not known
  std::optional<std::size_t> unused;
  // in which boot,
  std::string boot_id;
  // and when by the boot-time clock
  BootTime boot{};
  // to count
  std::chrono::nanoseconds took{};

  friend bool operator==(const Counted&, const Counted&) = default;
};

[[nodiscard]] std::string show_counted(const Counted& counted);
// Every member must be there and of its type. "counted: REASON".
[[nodiscard]] Result<Counted> parse_counted(const std::string& text);

}  // namespace apiguard::report
