// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who can write the folders of state, run and pins: whoever can decides what a boot publishes. They
// and all in them belong to root or the caller and are writable by nobody else, as are the folders
// above them.
#pragma once

#include <string>
#include <vector>

namespace apiguard {

struct Ownership {
  // was too open and is no more, one message each
  std::vector<std::string> closed;
  // finished messages with the command that mends it; empty: believed
  std::vector<std::string> foreign;
  // it is folders above that are not believed
  bool above = false;
};

// Looks at a folder and all in it, and closes (chmod) what is root's or the caller's and too open.
// From above, so that nobody else can exchange what is looked at next. A folder that does not exist
// is as good as those above it. What the caller may not look at is left out: it cannot be read
// either.
[[nodiscard]] Ownership look_at_owner(const std::string& folder);

}  // namespace apiguard
