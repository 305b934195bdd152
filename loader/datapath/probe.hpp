// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What this kernel can do above the oldest one that is supported: found out by loading, because no
// version number tells.
#pragma once

#include <string>

#include "loader/base/result.hpp"
#include "loader/compile/image.hpp"

namespace apiguard::datapath {

struct Probed {
  // why no program could be loaded; then nothing below is known
  std::string error;
  // frames that a driver splits over several buffers (5.18)
  bool frags = false;
  // why a change cannot wait for its confirmation; empty: it can
  std::string unconfirmed;
};

// The smallest list there is, with the code of everything that can be in use.
[[nodiscard]] Result<Image> probe_image();

// Loads programs and lets go of them; attaches and pins nothing.
[[nodiscard]] Probed probe();

}  // namespace apiguard::datapath
