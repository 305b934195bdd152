// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is remembered, before and after a change. It may be lost: nothing here fails the change.
#pragma once

#include <string>
#include <vector>

#include "loader/ledger/kept_maps.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// Reads what is at the pins, writes nothing.
[[nodiscard]] ledger::KeptMaps look_at_ledger(const Host& host, const World& world,
                                              const Request& request);

// What the change finds of it in files and maps, for Plan::ledger. Fills in the ranges it cuts.
void find_remembered(const Host& host, const World& world, const Request& request,
                     const ledger::KeptMaps& ledger, Plan& plan);

// After the publish: brings the files to what the kernel says. `attributed`: the generation before
// attributed its connections to ranges, and all of them were handed over. Returns warnings. Needs
// the lock.
[[nodiscard]] std::vector<std::string> save_remembered(const Host& host, const World& world,
                                                       const Request& request, const Plan& plan,
                                                       bool attributed);

}  // namespace apiguard::publish
