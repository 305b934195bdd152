// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Ends of ranges are computed when a generation is published: boot-time clock at that moment, plus
// what was left by the wall clock. Where that has been set since, they are off by as much. The maps
// of a generation are never changed, so the same text is published once more, as any change is:
// with a number of its own, which a rollback passes over.
#pragma once

#include <optional>

#include "loader/publish/publish.hpp"

namespace apiguard::publish {

// Wall clock less boot-time clock, as ends are computed.
[[nodiscard]] Timestamp clock_offset(const Now& now);

// Whether two offsets differ by more than clocks are disciplined by: two seconds.
[[nodiscard]] bool clock_was_set(Timestamp before, Timestamp now);

// The offset when STATE/used was written in this boot, which every publish does; none: not known.
[[nodiscard]] std::optional<Timestamp> offset_of_last_publish(const Places& places);

// Publishes the text in force again; none: no range in it has an end. Interfaces that were detached
// by hand stay so. Needs the lock. Exit::kFailed while a change waits for its confirmation.
[[nodiscard]] Result<std::optional<Published>> publish_again(const Places& places,
                                                             const World& world);

}  // namespace apiguard::publish
