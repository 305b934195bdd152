// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/verbs.hpp"
#include "loader/cli/waiting.hpp"

namespace apiguard::cli {

Result<Exit> run(const CommandLine& line, const ConfirmOptions&) { return confirm_now(line); }

}  // namespace apiguard::cli
