// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the numbers were measured on, and what spoils them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace apiguard::bench {

using Json = nlohmann::ordered_json;  // the order of the report

// Kernel, CPU, mitigations, date, versions of the peers.
[[nodiscard]] Json describe_machine();

// Dies where a number would lie: statistics of every program run on, JIT off.
void need_quiet_kernel();

// This thread on one CPU of those it may use, by default the last: the first has most interrupts.
// Returns which.
int stay_on_one_cpu();

// First line of a file, empty if there is none.
[[nodiscard]] std::string first_line(const std::string& path);

}  // namespace apiguard::bench
