// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard::cli {

// A warning for each argument with host bits, showing what it is taken as; with `strict` an
// Exit::kUsage instead.
[[nodiscard]] Result<std::vector<std::string>> mask_arguments(
    const std::vector<ParsedPrefix>& prefixes, const std::vector<std::string>& texts, bool strict);

}  // namespace apiguard::cli
