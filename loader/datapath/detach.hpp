// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Takes links off. The pin goes first, by a rename that a verb which was overtaken cannot do, and
// what was moved is compared by id before anything is done to it.
#pragma once

#include "loader/base/result.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {

// Takes our program off an interface (or off nothing, if its device is gone) and removes the pin
// where it can. Works by id where the pins are out of reach. Does nothing where the pin leads to
// another link by now. Exit::kFailed where the kernel says that the program is still there.
[[nodiscard]] Result<> detach_link(const LinkState& link);

// Removes the pin of a link whose device is gone; false if another link has taken its place there.
[[nodiscard]] Result<bool> remove_dead_link(const LinkState& link);

// What a verb that was overtaken had attached and not yet pinned.
void detach_unpinned(const Pins& pins);

}  // namespace apiguard::datapath
