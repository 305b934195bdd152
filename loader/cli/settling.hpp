// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every verb does first that takes the lock.
#pragma once

#include <optional>

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/host/lock.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::cli {

// Looks, settles what an interrupted change or an expired confirmation left, says so on stderr, and
// looks again. A failure to settle ends the verb, unless it is a way out: then it is a message.
// Needs the lock.
[[nodiscard]] Result<publish::World> look_and_settle(const Host& host, bool way_out);

// The world with what a verb that died, or a change that was undone, left unpublished in the book.
// Needs the lock.
[[nodiscard]] Result<publish::World> republish_if_outdated(const Host& host, publish::World world);

// What a verb does that finds the lock held, or the run directory out of reach.
enum class Ways {
  // and fails
  kWaits,
  // waits, and goes on without the lock where the run directory cannot be written
  kGoesOn,
  // overtakes who holds it for too long, and goes on whatever is wrong with the lock
  kOvertakes,
};
// None: on without it. Both are said on stderr.
[[nodiscard]] Result<std::optional<Lock>> take_lock(const CommandLine& line, Ways ways);

}  // namespace apiguard::cli
