// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A change that was published and waits for its confirmation.
#pragma once

#include <cstdint>
#include <string>

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::cli {

// "in force for 5 min, until 2026-12-01T08:00:00Z, and then undone unless ...".
[[nodiscard]] std::string describe_window(BootTime deadline);

// The same for who tries another change meanwhile; Exit::kFailed.
[[nodiscard]] Error refuse_in_window(const publish::PendingConfirmation& window);

// Counts down on the terminal and asks whether the change stays. Without the lock while it waits;
// the deadline holds whatever becomes of this process. Exit::kDone: confirmed, here or by another
// verb; kRolledBack: undone, by "n", by another verb or because the time was over.
[[nodiscard]] Result<Exit> wait_for_answer(const CommandLine& line, std::uint64_t generation,
                                           BootTime deadline);

// Confirms what waits. Exit::kRolledBack if it waited in vain.
[[nodiscard]] Result<Exit> confirm_now(const CommandLine& line);

}  // namespace apiguard::cli
