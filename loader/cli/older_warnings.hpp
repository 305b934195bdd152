// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who changes one entry wants to hear of that one: what is said of lines that were in force before
// is a count.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loader/publish/world.hpp"

namespace apiguard::cli {

struct SortedWarnings {
  // in their order
  std::vector<std::string> fresh;
  std::size_t older = 0;
};

// Older is a warning at a line ("FILE:3:1: ...") whose text is among those `before`, at whatever
// line, as often as it is there. Pure.
[[nodiscard]] SortedWarnings sort_warnings(const std::vector<std::string>& warnings,
                                           const std::vector<std::string>& before);

// The same by what is in force. Its text is read again only if a warning is at a line.
[[nodiscard]] SortedWarnings sort_warnings(const publish::World& world,
                                           const std::vector<std::string>& warnings);

// "2 older warnings: 'apiguard validate' shows them"; empty: there is none.
[[nodiscard]] std::string count_older(const SortedWarnings& sorted);

}  // namespace apiguard::cli
