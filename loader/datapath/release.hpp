// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Lets go of a generation so that no CPU notices.
//
// The kernel frees an array of maps and all tries in it at once: with a million ranges that is work
// for a tenth of a second, which it does before it lets user tasks run again. So the tries outlive
// what holds them, in a process of our own that lets them go one by one.
//
// Nothing is ever taken out of a generation. Whoever still runs or asks it (a packet on another
// CPU, a `check`, a program array) holds all of its tries, and finds them full.
#pragma once

#include <cstdint>

#include "loader/base/result.hpp"
#include "loader/datapath/pins.hpp"

namespace apiguard::datapath {

// Unpins all of a generation; an error is that of a pin. With several tries a child process is left
// behind for a second or two, and not waited for. It has no descriptor but theirs: no lock, no
// standard output; neither a terminal nor a folder is in use by it. Without it (no process is to be
// had, it is killed) the kernel frees all at once, and nothing else is different.
[[nodiscard]] Result<> drop_generation(const Pins& pins, const Edition& edition);

// How that process is called: this program, started by this name and no other, does nothing else.
inline constexpr const char* kFreeInBackground = "apiguard-free";
// Closes every descriptor, with a pause after each, and ends the process.
[[noreturn]] void free_in_background();

}  // namespace apiguard::datapath
