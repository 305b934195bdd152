// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "loader/base/masked.hpp"

namespace apiguard::report {
namespace {

constexpr std::string_view kPlain = "\033[0m";

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

// The sequence of ours that the text begins with; empty if none.
std::string_view sequence_at_front(std::string_view text) {
  for (const std::string_view one :
       {kPlain, sequence(Colour::kRed), sequence(Colour::kGreen), sequence(Colour::kLoud)}) {
    if (text.starts_with(one)) return one;
  }
  return {};
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

std::optional<TerminalSize> terminal_size(int fd) {
  if (isatty(fd) != 1) return std::nullopt;
  winsize size{};
  TerminalSize told;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return told;
  if (size.ws_row != 0) told.rows = size.ws_row;
  if (size.ws_col != 0) told.columns = size.ws_col;
  return told;
}

std::string paint(std::string_view text, Colour colour, bool wanted) {
  std::string painted = masked(text);
  if (!wanted) return painted;
  return painted.insert(0, sequence(colour)).append(kPlain);
}

std::string masked_but_colours(std::string_view text, bool wanted) {
  std::string out;
  while (!text.empty()) {
    const std::string_view ours = wanted ? sequence_at_front(text) : std::string_view();
    out += ours;
    text.remove_prefix(ours.size());
    const std::size_t end = std::min(text.find('\033', ours.empty() ? 1 : 0), text.size());
    out += masked(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace apiguard::report
