// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an audit has found out, as far as the kernel remembers it.
#pragma once

#include <string>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// Sources that would have been dropped since mode is audit and that this policy would drop, most
// packets first. Empty unless audit is in force.
[[nodiscard]] Result<std::vector<DeniedSource>> find_would_drop(const Places& places,
                                                                const World& world,
                                                                const Policy& policy);

// "since the audit began, 12 packets from 3 sources would have been dropped:" and a line for each
// of the first ten, those of `seen` in front, because they had connections; what to do about it.
// Empty if there are none.
[[nodiscard]] std::string describe(std::vector<DeniedSource> sources,
                                   const std::vector<SeenSource>& seen, Timestamp now);

}  // namespace apiguard::publish
