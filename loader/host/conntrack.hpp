// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Connections that are forwarded or translated, and that no socket of this host has: what
// connection tracking knows of the namespace we run in (ctnetlink, by libmnl).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// Who has finished a handshake with one of the endpoints, as they are before translation: with how
// many connections that are still remembered. None where nothing tracks connections, which asking
// does not change. Exit::kFailed: the kernel did not say.
[[nodiscard]] Result<std::map<Address, std::uint64_t>> list_answered(
    const std::vector<Endpoint>& endpoints);

}  // namespace apiguard
