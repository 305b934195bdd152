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
  std::vector<std::string> warnings;        // a file that is damaged: it begins anew
  // Maps of the kernel that cannot be read, and why: connections are missing in the state, or only
  // as of the last time it was saved.
  std::vector<std::string> unread;
};

// What can be read of it; writes nothing.
[[nodiscard]] Used read_used(const Places& places, const World& world);

// Brings the file to what the kernel says now, and that of the sources that were seen. Needs the
// lock. Returns warnings: what is damaged is begun anew. Exit::kFailed: a file cannot be written.
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
