// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Before a verb begins: whether the folders of state, run and pins are to be believed
// (host/owner.hpp). What was too open is closed, and said. What others own or can still write is
// not read from here on (disbelief.hpp): a boot and the ways out go on without it, every other verb
// ends here.
#pragma once

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"

namespace apiguard::cli {

// The exit status of a verb that goes on and does all it can: kDone, or kFailed of a boot and of
// `status` where something is not believed.
[[nodiscard]] Result<Exit> look_at_owners(const CommandLine& line);

}  // namespace apiguard::cli
