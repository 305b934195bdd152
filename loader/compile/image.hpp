// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Policy -> Image: the exact content of every map of one generation. Pure and deterministic.
#pragma once

#include <cstdint>
#include <vector>

#include "apiguard/abi.h"
#include "loader/compile/index.hpp"
#include "loader/policy/policy.hpp"
#include "loader/result.hpp"

namespace apiguard {

template <typename Key>
struct Entry {
  Key key;
  apiguard_range value;
};

struct Image {
  apiguard_settings settings{};
  std::vector<Entry<apiguard_key4>> ranges4;  // sorted by address, then length; one entry a prefix
  std::vector<Entry<apiguard_key6>> ranges6;
  Index4 index4;  // says of every source what the tries say
  Index6 index6;
  std::vector<Range> ranges;  // what apiguard_range.id indexes: effective_ranges(policy)
};

// The two clocks read at the same moment, so that wall-clock ends become boot-time deadlines.
struct Now {
  Timestamp wall = 0;      // nanoseconds since 1970
  std::uint64_t boot = 0;  // CLOCK_BOOTTIME, nanoseconds
};

// Mode off loads no ranges. Errors (Exit::kBadFile): more than APIGUARD_MAX_ENDPOINTS endpoints,
// more than APIGUARD_MAX_EXPIRY_STEPS ever later ends nested in one another.
[[nodiscard]] Result<Image> compile(const Policy& policy, std::uint64_t generation, const Now& now);

// The way back for the endpoints: what a generation in the kernel says it protects.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const apiguard_settings& settings);

}  // namespace apiguard
