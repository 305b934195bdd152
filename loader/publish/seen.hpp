// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The sources of audits: what the kernel has seen in this boot, begun with what the state directory
// has kept.
#pragma once

#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/host/places.hpp"

namespace apiguard::publish {

// By address; none where there never was an audit.
[[nodiscard]] Result<std::vector<SeenSource>> read_seen(const Places& places, const Now& now);

// Brings the file to what the kernel says; nothing where there never was an audit in this boot.
// Needs the lock.
[[nodiscard]] Result<> save_seen(const Places& places, const Now& now);

// Puts what was kept into the map of a generation that begins one, before it is in force.
[[nodiscard]] Result<> restore_seen(const Places& places, const datapath::Generation& generation,
                                    const Now& now);

}  // namespace apiguard::publish
