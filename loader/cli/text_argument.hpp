// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// FILE or "-" on the command line: a text that lies elsewhere than among the operator's files.
#pragma once

#include <string>

#include "loader/base/result.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::cli {

inline constexpr const char* kDash = "-";

// As read_source() without the rule about owners. A file that does not exist is Exit::kBadFile.
[[nodiscard]] Result<SourceFile> read_text_argument(const std::string& argument);

}  // namespace apiguard::cli
