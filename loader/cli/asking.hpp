// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Questions to whoever sits at the terminal.
#pragma once

namespace apiguard::cli {

// Stdin and stderr are a terminal.
[[nodiscard]] bool can_ask();

// "Go on? [y/N] "; anything but a yes is a no, and so is the end of the input.
[[nodiscard]] bool ask();

}  // namespace apiguard::cli
