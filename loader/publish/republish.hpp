// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ends of ranges are computed when a generation is published: boot-time clock at that moment, plus
// what was left by the wall clock. Where that has been set since, they are off by as much; and a
// verb that died may have left a newer book. The maps of a generation are never changed, so the
// text in force is published once more, as another edition of its generation.
#pragma once

#include <optional>

#include "loader/publish/publish.hpp"

namespace apiguard::publish {

// None: there is nothing to compute anew. Interfaces that were detached by hand stay so. What waits
// for its confirmation goes on waiting. Needs the lock.
[[nodiscard]] Result<std::optional<Published>> republish(const Host& host, const World& world);

}  // namespace apiguard::publish
