// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The command line as plain values: what completion walks. Read once off what parses it, so that
// both always know the same.
#pragma once

#include <string>
#include <vector>

namespace apiguard::cli {

struct OptionInfo {
  std::vector<std::string> names;  // "--config"; "-h"
  std::string type;                // of its value: "FILE"; empty: it takes none
  std::string summary;
};

struct VerbInfo {
  std::string name;
  std::string summary;
  std::string arguments;  // as in the usage line; empty: none
  std::vector<OptionInfo> options;
};

struct CommandTree {
  std::vector<OptionInfo> options;  // before or after any verb
  std::vector<VerbInfo> verbs;
};

// From CLI11's own objects (options.cpp).
[[nodiscard]] CommandTree command_tree();

}  // namespace apiguard::cli
