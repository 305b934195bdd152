// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Standard input as a file of its own.
#pragma once

#include <cstddef>
#include <string>

#include "loader/base/result.hpp"

namespace apiguard {

// in messages
inline constexpr const char* kInput = "standard input";

// To its end. Exit::kBadFile if it is larger than `most` bytes, kFailed if it cannot be read.
[[nodiscard]] Result<std::string> read_input(std::size_t most);

}  // namespace apiguard
