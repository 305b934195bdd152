// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How a change that was published unconfirmed ends: confirmed, or undone to the letter. Each step
// may be the last one before a kill: all of them are found done, or done again, by the next verb.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/world.hpp"

namespace apiguard::publish {

// Keeps the generation of world.window: the deadline first, which is all that packets notice, then
// the state, then what it would have fallen back to is dropped. Needs the lock. Exit::kRolledBack
// if the deadline passes meanwhile; then it is as if nobody had confirmed.
[[nodiscard]] Result<std::vector<std::string>> confirm(const Host& host, const World& world);

// Brings files that are, byte for byte, what a change wrote back to what it found. For one that was
// never in force: whoever is killed in between leaves its text behind. Needs the lock.
[[nodiscard]] Result<> take_text_back(const Host& host, const GenerationMeta& meta,
                                      std::vector<std::string>& messages);

// Notes what a change brought in as undone: in STATE/undone and in its record. Needs the lock.
[[nodiscard]] Result<> mark_undone(const Host& host, std::uint64_t generation);

// Puts links, files and the mark back to where they were before the generation of world.window,
// expired or not. A file that is not byte for byte what the change wrote is somebody's edit since
// and stays. Needs the lock; returns what was done, for the operator.
[[nodiscard]] Result<std::vector<std::string>> undo(const Host& host, const World& world);

// The same for a generation that is marked in force, unconfirmed, and run by no link: the host was
// booted while it waited, or everything was detached.
[[nodiscard]] Result<std::vector<std::string>> undo_in_state(const Host& host,
                                                             const GenerationMeta& meta);

}  // namespace apiguard::publish
