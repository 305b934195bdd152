// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One of a few numbered places, each for one process at a time.
#pragma once

#include <string>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard {

// Holds an flock on RUN_DIR/NAME-NUMBER, which the kernel releases when the holder dies.
struct Seat {
  unsigned number = 0;
  Fd held;
};

// The first that is free of `count`. Exit::kFailed: all are taken, or the folder cannot be written.
[[nodiscard]] Result<Seat> take_seat(const std::string& run_dir, const std::string& name,
                                     unsigned count);

}  // namespace apiguard
