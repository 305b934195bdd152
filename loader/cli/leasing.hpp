// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The two ways in which a command changes the book: leases are given, bars are taken out.
#pragma once

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/policy/grant_lease.hpp"

namespace apiguard::cli {

// Waits for its turn, together with others where that goes, and says what became of each address.
[[nodiscard]] Result<Exit> lease(const CommandLine& line, LeaseOrder order, bool json);

// lease --unbar. Exit::kNo: there is no such bar.
[[nodiscard]] Result<Exit> take_bars_out(const CommandLine& line, const Selector& selector,
                                         bool json);

}  // namespace apiguard::cli
