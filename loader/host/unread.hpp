// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files among the drop-ins that nobody reads, because their names do not end in ".list".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace apiguard {

// Whether somebody may have meant the file to be read: no hidden file, no copy of an editor or of a
// package manager.
[[nodiscard]] bool looks_meant(std::string_view name);

// A warning for each of the first ten names, then a count. `folder` is their path.
[[nodiscard]] std::vector<std::string> describe_unread(const std::string& folder,
                                                       const std::vector<std::string>& names);

}  // namespace apiguard
