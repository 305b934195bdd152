// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Settings of a policy as text, where their order means nothing. Private to this room.
#pragma once

#include <string>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

[[nodiscard]] std::vector<std::string> endpoint_texts(const Policy& policy);
// Sorted, each once: the order in which interfaces and endpoints are written means nothing.
[[nodiscard]] std::vector<std::string> as_set(std::vector<std::string> texts);

}  // namespace apiguard
