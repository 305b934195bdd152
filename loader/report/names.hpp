// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The words for what the program counts; the same in tables, JSON and the manual.
#pragma once

#include <string>
#include <string_view>

#include "apiguard/ledger.h"
#include "loader/policy/policy.hpp"

namespace apiguard::report {

// enum apiguard_outcome: "pass", "drop", "would_drop"; "unknown" beyond.
[[nodiscard]] std::string_view outcome_name(unsigned outcome);

// enum apiguard_reason: "not_ip" ... "off"; "unknown" beyond.
[[nodiscard]] std::string_view reason_name(unsigned reason);

// "203.0.113.0/24 (office)", or without a name the prefix alone.
[[nodiscard]] std::string range_text(const Range& range);

}  // namespace apiguard::report
