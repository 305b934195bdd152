// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the supervisor says of itself in one line: at its start in the journal, and all the time to
// the service manager.
#pragma once

#include <string>

#include "loader/status/compute_status.hpp"

namespace apiguard::service {

// "guards eth0, eth1 by generation 30, mode enforce". Where nothing is in force: `waits_for`. Pure.
[[nodiscard]] std::string describe_beginning(const status::StatusReport& standing,
                                             const std::string& waits_for);

// "generation 30, enforce, 2 of 3 interfaces attached". Pure.
[[nodiscard]] std::string describe_shortly(const status::StatusReport& standing);

}  // namespace apiguard::service
