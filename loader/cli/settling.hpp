// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What every verb does first that takes the lock.
#pragma once

#include "loader/host/places.hpp"
#include "loader/publish/world.hpp"
#include "loader/result.hpp"

namespace apiguard::cli {

// Looks, settles what an interrupted change or an expired confirmation left, says so on stderr, and
// looks again. A failure to settle ends the verb, unless it is a way out: then it is a message.
// Needs the lock.
[[nodiscard]] Result<publish::World> look_and_settle(const Places& places, bool way_out);

}  // namespace apiguard::cli
