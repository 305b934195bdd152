// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Nanoseconds a packet by test runs: apiguard beside the plain LPM filter and an empty program.
#pragma once

#include "tests/bench/machine.hpp"
#include "tests/bench/options.hpp"

namespace apiguard::bench {

// An array of cells: {family, list, ranges, sources, kind, programs: {NAME: [ns of every run]}}.
// The programs of a cell are "empty", "apiguard" and "plain_lpm", and with a tag "empty_tagged" and
// "apiguard_tagged". Dies if a counter says that something else was measured.
[[nodiscard]] Json measure_micro(const Options& options);

}  // namespace apiguard::bench
