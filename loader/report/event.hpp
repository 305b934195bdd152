// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What happens while it happens: a line an event, for people, and an object a line for scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apiguard/ledger.h"
#include "loader/compile/image.hpp"
#include "loader/host/state.hpp"

namespace apiguard::report {

// A packet that was denied (or would have been, in audit), or a connection that was admitted.
// `interface` is the name; empty: it is gone. `deciding`: the entry that decides for the source;
// null: not known. It is believed only where the event does not say otherwise.
[[nodiscard]] std::string event_text(const apiguard_event& event, const std::string& interface,
                                     const Now& now, const Range* deciding = nullptr);
// {time, event ("denied"|"admitted"), source, destination, port, interface, generation, verdict,
// reason, range, name}: destination and port null where they were not read; range and name of what
// was denied those of the except, else null.
[[nodiscard]] std::string event_json(const apiguard_event& event, const std::string& interface,
                                     const Now& now, const Range* deciding = nullptr);
// The source of an event; none: it was not read.
[[nodiscard]] std::optional<Address> source_of(const apiguard_event& event);

// The same for a journal, which has a time and members of its own: the text, and fields by the
// names of the members in capitals behind "APIGUARD_"; what is null is left out.
[[nodiscard]] std::string event_words(const apiguard_event& event, const std::string& interface);
[[nodiscard]] std::vector<std::pair<std::string, std::string>> event_fields(
    const apiguard_event& event, const std::string& interface);

// A generation is in force from now on. `undone`: because the one after it was not confirmed.
struct ChangeEvent {
  Timestamp time{};
  // 0: none, everything passes
  std::uint64_t generation = 0;
  bool undone = false;
  // null: not known
  const GenerationMeta* meta = nullptr;
};
[[nodiscard]] std::string event_text(const ChangeEvent& event);
// {time, event ("change"), generation, undone, mode, added, removed, by, verb}.
[[nodiscard]] std::string event_json(const ChangeEvent& event);

// What happened and was not told.
struct Lost {
  // packets
  std::uint64_t denied = 0;
  // connections
  std::uint64_t admitted = 0;
  // of the supervisor, which nobody read
  std::uint64_t messages = 0;
};
// Since the last such event.
struct LostEvents : Lost {
  Timestamp time{};
};
[[nodiscard]] std::string event_text(const LostEvents& lost);
// {time, event ("lost"), denied, admitted}.
[[nodiscard]] std::string event_json(const LostEvents& lost);

}  // namespace apiguard::report
