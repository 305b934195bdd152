// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A queued change and what became of it as text: what a ticket (host/queue.hpp) holds. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/publish/queued.hpp"

namespace apiguard::publish {

// Of another version than ours it is refused by that name: Exit::kFailed. What its verb would have
// refused is refused here as well: check_ticket.hpp.
[[nodiscard]] std::string show_ticket(const QueuedChange& change);
[[nodiscard]] Result<QueuedChange> parse_ticket(const std::string& text);

// What became of it, for whoever waits: everything that its verb says, and how it ends.
struct Answer {
  Exit exit = Exit::kDone;
  // on stderr; empty: none
  std::string error;
  // on stdout
  std::string out;
  std::vector<std::string> notes;
  std::vector<std::string> warnings;
};
[[nodiscard]] std::string show_answer(const Answer& answer);
[[nodiscard]] Result<Answer> parse_answer(const std::string& text);

}  // namespace apiguard::publish
