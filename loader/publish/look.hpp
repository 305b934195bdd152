// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reads the world as it is at one moment. Every verb starts here.
#pragma once

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// `known`: what an earlier look has found. If that generation is still in force, it is taken from
// there and not read again, which with a million ranges takes a tenth of a second; without its text
// (InForce::stored).
[[nodiscard]] Result<World> look(const Host& host, const InForce* known = nullptr);

}  // namespace apiguard::publish
