// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is risky about a plan: who would be cut, what grows, what comes back. Pure but for the
// clock.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// Those that were not accepted. Needs a plan that is filled in but for its risks.
[[nodiscard]] std::vector<Risk> find_risks(const World& world, const Request& request,
                                           const Plan& plan);

// What the risk 'undone' says; with a confirmation it is a warning.
[[nodiscard]] std::string describe_undone(const std::vector<UndoneFile>& files);

}  // namespace apiguard::publish
