// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What this process inherits from whoever started it, made fit to work with. First of all, before
// anything is opened.
#pragma once

namespace apiguard {

// Those of the descriptors 0 to 2 that are closed are filled, or the next file that is opened would
// take their numbers and get what is meant for a terminal. Reading from them and writing to them
// fails, as it did. False: not possible.
[[nodiscard]] bool fill_standard_streams();

// Files and folders are made with the modes that are asked for, less what others could write.
void set_own_umask();

// A file over the limit of its size (RLIMIT_FSIZE) is an error of write(2) and no end of the
// process.
void survive_size_limit();

}  // namespace apiguard
