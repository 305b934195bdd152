// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is remembered, before a change: what of it begins anew with the change.
#pragma once

#include "loader/datapath/ledger.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// Reads what is at the pins, writes nothing.
[[nodiscard]] datapath::Ledger look_at_ledger(const Places& places, const World& world,
                                              const Request& request);

// What the change finds of it in files and maps, for Plan::ledger. Fills in the ranges it cuts.
void find_remembered(const Places& places, const World& world, const Request& request,
                     const datapath::Ledger& ledger, Plan& plan);

}  // namespace apiguard::publish
