// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>
#include <vector>

namespace apiguard::bench {

// The first row is the head. Columns behind the first are numbers and stand to the right.
using Table = std::vector<std::vector<std::string>>;

[[nodiscard]] std::string as_text(const Table& table);
[[nodiscard]] std::string as_markdown(const Table& table);

}  // namespace apiguard::bench
