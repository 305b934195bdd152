// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policy -> Image: the exact content of every map of one generation. Pure and deterministic.
#pragma once

#include <cstdint>
#include <vector>

#include "apiguard/judge.h"
#include "loader/base/result.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/index.hpp"
#include "loader/compile/shards.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

struct Image {
  apiguard_settings settings{};
  // What the tries hold: one entry a prefix.
  Shards<apiguard_key4> ranges4;
  Shards<apiguard_key6> ranges6;
  Index4 index4;  // says of every source what the tries say
  Index6 index6;
};

// Mode off loads no ranges. Errors (Exit::kBadFile): more than APIGUARD_MAX_ENDPOINTS endpoints,
// more than APIGUARD_MAX_EXPIRY_STEPS prefixes with ever later last ends nested in one another.
[[nodiscard]] Result<Image> compile(const Policy& policy, std::uint64_t generation, const Now& now);

// The way back for the endpoints: what a generation in the kernel says it protects.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const apiguard_settings& settings);

}  // namespace apiguard
