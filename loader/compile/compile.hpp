// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policy -> Image. Pure and deterministic. publish/publish.cpp compiles what is published.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/image.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// Mode off loads no ranges. Errors (Exit::kBadFile): more than APIGUARD_MAX_ENDPOINTS endpoints,
// more than APIGUARD_MAX_EXPIRY_STEPS nested prefixes, each of which ends later than the one inside
// it.
[[nodiscard]] Result<Image> compile(const Policy& policy, std::uint64_t generation, const Now& now);

// The way back for the endpoints: what a generation in the kernel says it protects.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const apiguard_settings& settings);

}  // namespace apiguard
