// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ends of ranges are computed when a generation is published: boot-time clock at that moment, plus
// what was left by the wall clock. Where that has been set since, they are off by as much. The maps
// of a generation are never changed, so the same text is published once more, as any change is:
// with a number of its own, which a rollback passes over.
#pragma once

#include <optional>

#include "loader/publish/publish.hpp"

namespace apiguard::publish {

// Publishes the text in force again; none: no range in it has an end. Interfaces that were detached
// by hand stay so. Needs the lock. Exit::kFailed while a change waits for its confirmation.
[[nodiscard]] Result<std::optional<Published>> publish_again(const Places& places,
                                                             const World& world);

}  // namespace apiguard::publish
