// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an edit of a file comes to.
#pragma once

#include <string>
#include <vector>

namespace apiguard {

struct Edited {
  // the whole file after the edit; equal to before if nothing changed
  std::string text;
  // for the operator: "range '203.0.113.0/24': already listed"
  std::vector<std::string> notes;
  bool changed = false;
  // the text of somebody else: lines that have ended stay in it
  bool as_it_is = false;
};

}  // namespace apiguard
