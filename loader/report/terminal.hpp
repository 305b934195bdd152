// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether colour is wanted, and the few colours there are.
#pragma once

#include <string>
#include <string_view>

namespace apiguard::report {

// A terminal, NO_COLOR absent or empty (no-color.org), TERM not "dumb". The values of both
// variables may be null.
[[nodiscard]] bool colour_wanted(bool terminal, const char* no_color, const char* term);

// The same for a file descriptor and the environment of this process.
[[nodiscard]] bool colour_wanted(int fd);

enum class Colour { kRed, kGreen, kLoud };  // kLoud: bold red

// `text` as it is unless `wanted`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool wanted);

}  // namespace apiguard::report
