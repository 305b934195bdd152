// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who was refused, and whom to list.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/propose/suggestion.hpp"
#include "loader/propose/unproven.hpp"
#include "loader/report/view.hpp"

namespace apiguard::report {

// The first `shown` of them; 0: all. `deciding`: for each the range that decides now, null where
// none does; empty if that is not known. Says how many more there are.
[[nodiscard]] std::string denied_text(const std::vector<DeniedSource>& sources, std::size_t shown,
                                      const std::vector<const Range*>& deciding, Timestamp now,
                                      const View& view = {});
// As apiguard(8) has it under JSON; source is null behind more VLAN tags than are looked through.
[[nodiscard]] std::string denied_json(const std::vector<DeniedSource>& sources, std::size_t shown,
                                      const std::vector<const Range*>& deciding);

// A line for each of the first ten, with the command that lists it where it may be a health check,
// and how many more there are.
[[nodiscard]] std::string unproven_text(const std::vector<propose::Unproven>& sources,
                                        Timestamp now);

// The ranges, then the commands that list those that are not. `unestablished`: sources that were
// seen and had no connection; `unproven`: those of them that have an address.
[[nodiscard]] std::string suggest_text(const propose::Suggestions& suggestions,
                                       std::size_t unestablished,
                                       const std::vector<propose::Unproven>& unproven,
                                       Timestamp now);
// As apiguard(8) has it under JSON.
[[nodiscard]] std::string suggest_json(const propose::Suggestions& suggestions,
                                       std::size_t unestablished,
                                       const std::vector<propose::Unproven>& unproven);

}  // namespace apiguard::report
