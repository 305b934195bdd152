// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN_DIR/detached: one interface name a line, taken off by hand, or "*" for whatever there is or
// will be. Whoever repairs missing links leaves these alone until the next apply; a boot empties
// the folder.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "loader/result.hpp"

namespace apiguard {

inline constexpr const char* kDetachedAll = "*";

[[nodiscard]] Result<> add_detached(const std::string& run_dir,
                                    const std::vector<std::string>& interfaces);
// Empty where there is no mark.
[[nodiscard]] std::set<std::string> read_detached(const std::string& run_dir);
[[nodiscard]] Result<> clear_detached(const std::string& run_dir);
// What writes that died left behind. Only with the lock held.
void remove_stale_marks(const std::string& run_dir);

}  // namespace apiguard
