// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether colour is wanted, and the few colours there are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace apiguard::report {

// A terminal, NO_COLOR absent or empty (no-color.org), TERM not "dumb". The values of both
// variables may be null.
[[nodiscard]] bool colour_wanted(bool terminal, const char* no_color, const char* term);

// The same for a file descriptor and the environment of this process.
[[nodiscard]] bool colour_wanted(int fd);

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};
// None: the file descriptor is no terminal. One that does not say has 24 rows of 80 columns.
[[nodiscard]] std::optional<TerminalSize> terminal_size(int fd);

// kLoud: bold red
enum class Colour { kRed, kGreen, kLoud };

// One line, masked (policy/masked.hpp), in colour if `wanted`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool wanted);

// A whole report, masked, but for the colours that paint() gave it. Whoever builds a report masks
// the values in it, so that no value looks like a colour of ours.
[[nodiscard]] std::string masked_but_colours(std::string_view text, bool wanted);

}  // namespace apiguard::report
