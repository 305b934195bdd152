// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// With --json a changing verb that failed answers on stdout as well. A refused change names its
// risks there, and is answered where they are known: answer_refusal() of cli/change.cpp.
#pragma once

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/cli/options.hpp"

namespace apiguard::cli {

// Prints report::NotChanged of the error, unless the verb changes nothing, was not asked for JSON,
// or has answered already.
void answer_failure(const CommandLine& line, const Error& error);

// With "needs root" in front, and the command with sudo behind, where privilege is what is missing.
[[nodiscard]] Error with_privilege(const CommandLine& line, Error error);

// As answer_failure() where the words were no command line.
void answer_refused_words(const Printed& printed);

}  // namespace apiguard::cli
