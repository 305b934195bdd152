// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a lease takes, beside an `allow` in the same run: one of each in turn, and many at once.
#pragma once

#include "tests/bench/machine.hpp"
#include "tests/bench/options.hpp"

namespace apiguard::bench {

// {lists: [{ranges, lease_ms, allow_ms, at_once, leases_at_once_ms, allows_at_once_ms}]}, a number
// for each run. Has to run on a stage (stage.hpp), whose `folder` takes all files.
[[nodiscard]] Json measure_leases(const Options& options, const std::string& folder);

}  // namespace apiguard::bench
