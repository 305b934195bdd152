// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// apiguard as a command on the stage, and how its verbs are timed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/options.hpp"

namespace apiguard::bench {

using Command = std::vector<std::string>;

// With its files below `folder` and its pins in the bpffs of the stage.
[[nodiscard]] Command apiguard_command(const Options& options, const std::string& folder,
                                       const Command& verb);

// Off every interface, with nothing remembered.
void remove_apiguard(const Options& options, const std::string& folder);

// Milliseconds, to the microsecond.
[[nodiscard]] double milli(double seconds);

// Waits for deferred work, of the kernel and of ours, which belongs to what was before.
void settle();

// Seconds from the first start to the last end of so many verbs started at once; all have to work.
[[nodiscard]] double at_once(int count, const std::function<Command(int)>& command);

}  // namespace apiguard::bench
