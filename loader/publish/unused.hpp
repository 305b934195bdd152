// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ranges that nobody needs, as far as can be known. Whoever is named may be taken out, so in doubt
// nobody is.
#pragma once

#include <cstdint>
#include <string>

#include "loader/publish/usage.hpp"

namespace apiguard::publish {

struct Unused {
  RangeRefs ranges;
  // why none is named; empty where they are all that there are
  std::string in_doubt;
};

// Of `ranges` (the deciding ones of the policy in force) those that list somebody, have been
// observed for `lasts`, admitted no connection meanwhile and have no connected client
// now. Asks the kernel who is connected.
[[nodiscard]] Unused find_unused(const World& world, const UsageView& used, const RangeRefs& ranges,
                                 std::chrono::nanoseconds lasts);

}  // namespace apiguard::publish
