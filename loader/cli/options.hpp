// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// argv -> CommandLine. Parsing does nothing else; only options.cpp includes CLI11.
#pragma once

#include <string>
#include <variant>

#include "loader/cli/command_line.hpp"

namespace apiguard::cli {

// Either a command line, or what to print and with which status (help, version, usage errors with
// Exit::kUsage).
struct Printed {
  std::string text;
  // kDone goes to stdout, anything else to stderr
  Exit exit = Exit::kDone;
  // the message that a refusal in JSON has; empty: none is wanted
  std::string refused;
};
[[nodiscard]] std::variant<CommandLine, Printed> parse(int argc, const char* const* argv);

}  // namespace apiguard::cli
