// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Text of others on its way to a terminal or a journal. Names of interfaces, arguments, file names
// and lines of files may hold any bytes; what moves the cursor, turns the line or is no UTF-8
// becomes '?'.
#pragma once

#include <string>
#include <string_view>

namespace apiguard {

// Newlines and tabs stay: for texts of several lines that are ours.
[[nodiscard]] std::string masked(std::string_view text);

// Newlines and tabs are masked as well: for a value within a line of ours.
[[nodiscard]] std::string masked_line(std::string_view text);

}  // namespace apiguard
