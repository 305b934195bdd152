// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Completion for shells: their scripts ask the program itself, so that they never know another
// command line than it does.
#pragma once

#include <string>
#include <vector>

#include "loader/cli/tree.hpp"
#include "loader/host/places.hpp"

namespace apiguard::cli {

// The hidden verb of the scripts: `apiguard __complete WORD...`, the last word being the one that
// is written, up to the cursor.
inline constexpr const char* kCompleteVerb = "__complete";

struct Candidate {
  // whole: it takes the place of what is written
  std::string word;
  // a description, or empty
  std::string what;

  friend bool operator==(const Candidate&, const Candidate&) = default;
};

// What stands on this machine. What cannot be read is nothing, without a word.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  [[nodiscard]] virtual std::vector<Candidate> range_names(const Places& places) = 0;
  [[nodiscard]] virtual std::vector<Candidate> generations(const Places& places) = 0;
  [[nodiscard]] virtual std::vector<Candidate> guarded_interfaces() = 0;
};

// The candidates that begin with what is written. ":file" and ":dir" leave it to the shell to
// complete a path.
[[nodiscard]] std::vector<Candidate> complete(const CommandTree& tree,
                                              const std::vector<std::string>& words,
                                              const Places& defaults, Surroundings& around);

// Where hidden verbs look, which have no options.
[[nodiscard]] Places places_of_environment();

// The whole hidden verb: "WORD\tDESCRIPTION" lines. Says nothing but them.
void print_completions(const std::vector<std::string>& words);

}  // namespace apiguard::cli
