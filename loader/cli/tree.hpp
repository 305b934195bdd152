// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The command line as plain values: what completion walks. Read once off what parses it, so that
// both always know the same.
#pragma once

#include <string>
#include <vector>

namespace apiguard::cli {

struct OptionInfo {
  // "--config"; "-h"
  std::vector<std::string> names;
  // of its value: "FILE"; empty: it takes none
  std::string type;
  std::string summary;
};

struct VerbInfo {
  std::string name;
  std::string summary;
  // as in the usage line; empty: none
  std::string arguments;
  std::vector<OptionInfo> options;
};

struct CommandTree {
  // before or after any verb
  std::vector<OptionInfo> options;
  std::vector<VerbInfo> verbs;
};

// From CLI11's own objects (options.cpp).
[[nodiscard]] CommandTree command_tree();

}  // namespace apiguard::cli
