// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// From a text file to a list in force, by the real commands: apiguard, nft, ipset.
#pragma once

#include "tests/bench/machine.hpp"
#include "tests/bench/options.hpp"

namespace apiguard::bench {

// {lists: [{ranges, NAME: {seconds, peak_kib, kernel_bytes, one_more_seconds, ...}}],
//  freeing: {ranges, longest_gap_ms, longest_gap_idle_ms}}.
// Has to run on a stage (stage.hpp), whose `folder` takes all files.
[[nodiscard]] Json measure_load(const Options& options, const std::string& folder);

}  // namespace apiguard::bench
