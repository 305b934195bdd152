// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The generations that are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/host/state.hpp"
#include "loader/report/view.hpp"

namespace apiguard::report {

// `generations` newest first; `in_force` is the kernel's number.
struct History {
  std::vector<GenerationMeta> generations;
  std::optional<std::uint64_t> in_force;
};

// A table; what a terminal has no room for is cut off the verb. `now` is for a view with relative
// times.
[[nodiscard]] std::string to_text(const History& history, Timestamp now = {},
                                  const View& view = {});

// {schema, generations[]{generation, time, by, in_force, confirmed, added, removed, verb}}. Where
// several changes were published together also changes[]{by, verb, added[], removed[]}, whose
// entries are {cidr, kind, name, until}.
[[nodiscard]] std::string to_json(const History& history);

}  // namespace apiguard::report
