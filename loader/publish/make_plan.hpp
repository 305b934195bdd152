// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a change would do, what is risky about it, why it is refused. Reads, writes nothing.
#pragma once

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// Errors are those of the real run: Exit::kOccupied, kUnsupported, kFailed, kBadFile (a port of the
// ephemeral range that is newly protected).
[[nodiscard]] Result<Plan> make_plan(const Host& host, const World& world, const Request& request);

}  // namespace apiguard::publish
