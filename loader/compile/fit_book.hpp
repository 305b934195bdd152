// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Entries of the book and the limit of nested ends (APIGUARD_MAX_EXPIRY_STEPS): a book never makes
// a change fail. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/base/time.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

struct Fitted {
  // Leases that are one step too many: no longer in the policy, to be refused by themselves.
  // Lapsing lines are among them where the next entry around them never ends, or there is none.
  std::vector<Range> dropped;
  // Lapsing lines that take the end of the next entry around them that ends later, as they are now.
  std::vector<Range> lengthened;
};

// Changes the entries of the book in `merged` (made by policy_in_effect() of publish/world.hpp)
// until compile() takes the whole, provided that it takes the text alone. Needs merged.ranges
// sorted by prefix.
[[nodiscard]] Fitted fit(Policy& merged, const Now& now);

// What people are told of it, a line each.
[[nodiscard]] std::vector<std::string> describe(const Fitted& fitted);

}  // namespace apiguard
