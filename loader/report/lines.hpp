// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two texts line by line: "- " only before, "+ " only after, "  " in both.
#pragma once

#include <string>
#include <string_view>

namespace apiguard::report {

// Keeps as many lines as can be. Control characters are shown as "?".
[[nodiscard]] std::string compare_lines(std::string_view before, std::string_view after,
                                        bool colour);

}  // namespace apiguard::report
