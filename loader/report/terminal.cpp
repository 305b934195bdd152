// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/terminal.hpp"

#include <unistd.h>

#include <cstdlib>

namespace apiguard::report {
namespace {

std::string_view sequence(Colour colour) {
  switch (colour) {
    case Colour::kRed:
      return "\033[31m";
    case Colour::kGreen:
      return "\033[32m";
    case Colour::kLoud:
      return "\033[1;31m";
  }
  return "";
}

}  // namespace

bool colour_wanted(bool terminal, const char* no_color, const char* term) {
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return terminal && !refused && !dumb;
}

bool colour_wanted(int fd) {
  return colour_wanted(isatty(fd) == 1, std::getenv("NO_COLOR"), std::getenv("TERM"));
}

std::string paint(std::string_view text, Colour colour, bool wanted) {
  if (!wanted) return std::string(text);
  return std::string(sequence(colour)) + std::string(text) + "\033[0m";
}

}  // namespace apiguard::report
