// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an edit of a file comes to.
#pragma once

#include <string>
#include <vector>

namespace apiguard {

struct Edited {
  std::string text;  // the whole file after the edit; equal to before if nothing changed
  std::vector<std::string> notes;  // for the operator: "range '203.0.113.0/24': already listed"
  bool changed = false;
  bool as_it_is = false;  // the text of somebody else: lines that have ended stay in it
};

}  // namespace apiguard
