// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nanoseconds a frame, everything around it included: live frames through veths into an empty
// program, apiguard, the plain LPM filter, nftables and ipset.
#pragma once

#include "tests/bench/machine.hpp"
#include "tests/bench/options.hpp"

namespace apiguard::bench {

// An array of {ranges, programs: {NAME: [ns of every run]}}, with random unlisted IPv4 sources. Has
// to run on a stage (stage.hpp), whose `folder` takes the files of the peers. Dies if not every
// frame was dropped by whom it should.
[[nodiscard]] Json measure_live(const Options& options, const std::string& folder);

}  // namespace apiguard::bench
