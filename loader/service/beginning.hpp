// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the supervisor says of itself in one line: at its start in the journal, and all the time to
// the service manager.
#pragma once

#include <string>

#include "loader/service/standing.hpp"

namespace apiguard::service {

// "guards eth0, eth1 by generation 30, mode enforce". Where nothing is in force: `waits_for`. Pure.
[[nodiscard]] std::string describe_beginning(const Standing& standing,
                                             const std::string& waits_for);

// "generation 30, enforce, 2 of 3 interfaces attached". Pure.
[[nodiscard]] std::string describe_shortly(const Standing& standing);

}  // namespace apiguard::service
