// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries that were given a duration. Their lines say an end by the wall clock; where that was
// wrong and is set right, the line would last for as long as the clock was ahead. So the record
// keeps when each of them ends by the boot-time clock, and no publish gives it more. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/host/state.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::publish {

// What a record says, by the boot-time clock of this boot. Of an earlier boot what was left when it
// was written is left from the beginning of this one, less the time that the host was off, where
// `wall`, the clock as it stands, tells.
[[nodiscard]] std::vector<Lasting> lasting_now(const GenerationMeta& meta,
                                               const std::string& boot_id, Timestamp wall);

// Those of entries that the policy has. Of equal ones the last counts.
[[nodiscard]] std::vector<Lasting> keep_lasting(const std::vector<Lasting>& entries,
                                                const Policy& policy);

// Shortens `until` of ranges that were given a duration (`allow --for`), where that has run out
// earlier than the line says. Returns the policy itself, or fills `limited` and returns that.
[[nodiscard]] const Policy& cap_ends(const Policy& policy, const std::vector<Lasting>& entries,
                                     const Now& now, std::optional<Policy>& limited);

}  // namespace apiguard::publish
