// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/asking.hpp"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>

#include "loader/host/progress.hpp"

namespace apiguard::cli {

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

bool ask() {
  progress::step("");
  fmt::print(stderr, "Go on? [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace apiguard::cli
