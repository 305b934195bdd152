// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The queue in front of the lock. Who waits leaves a ticket. Who gets the lock publishes all that
// wait as one generation and answers each of them; there is no timer. What may not be published
// with others goes alone, in its turn.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/host/lock.hpp"
#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"

namespace apiguard::cli {

// What this verb leaves in the queue: `warnings` are those of its arguments.
[[nodiscard]] publish::QueuedChange queued_change(const CommandLine& line, const ChangeFlags& flags,
                                                  publish::QueuedChange::What what,
                                                  std::vector<std::string> warnings);

// What became of it is said, and is how the verb ends.
[[nodiscard]] Result<Exit> say_answer(const publish::Answer& answer);

// Either the change was published, or refused, together with others: all of it is said and `exit`
// is there. Or it is to go alone, with this lock. An error is that of the verb.
struct Turn {
  std::optional<Exit> exit;
  std::optional<Lock> lock;
};
[[nodiscard]] Result<Turn> wait_in_queue(const CommandLine& line,
                                         const publish::QueuedChange& change);

}  // namespace apiguard::cli
