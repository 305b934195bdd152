// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which range admitted how many connections: what the kernel counts in this boot and what the state
// directory has kept, put together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/host/used.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

struct Used {
  UsedState state;
  std::optional<Timestamp> observed_since;  // none: not every packet is judged, or it is not known
  std::vector<std::string> warnings;        // a file that is damaged
};

// Writes nothing. Exit::kFailed if the kernel's map cannot be read.
[[nodiscard]] Result<Used> read_used(const Places& places, const World& world);

// Brings the file to what the kernel says now, and that of the sources that were seen. Needs the
// lock. Returns warnings: a damaged file is begun anew.
[[nodiscard]] Result<std::vector<std::string>> save_used(const Places& places, const Now& now);

// The same, and what is observed begins now: an interface was not guarded for a while. Needs the
// lock.
[[nodiscard]] Result<> note_gap(const Places& places, const Now& now);

// Whether the generation in force attributes connections to ranges.
[[nodiscard]] bool attributes(const Places& places, const World& world);

// The same after a publish, with what it changes: since when what is observed, and which entries of
// ranges that are gone are kept, for 30 days if there is room. `attributed`: what attributes() said
// before.
[[nodiscard]] Result<std::vector<std::string>> save_used(const Places& places, const World& world,
                                                         const Request& request, const Plan& plan,
                                                         bool attributed);

}  // namespace apiguard::publish
