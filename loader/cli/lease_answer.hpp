// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a lease is told, whoever published it.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/queued.hpp"
#include "loader/publish/ticket.hpp"
#include "loader/report/lease.hpp"

namespace apiguard::cli {

// `where`: the sentence about what is in force.
[[nodiscard]] publish::Answer lease_answer(report::Leases leases, Mode mode, bool json,
                                           std::vector<std::string> notes,
                                           const std::string& where);

}  // namespace apiguard::cli
