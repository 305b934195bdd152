// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Other programs, and what they cost.
#pragma once

#include <string>
#include <vector>

namespace apiguard::bench {

struct Outcome {
  int status = 0;      // of the exit; 127: not found, 128 + N: ended by signal N
  std::string output;  // both streams
  double seconds = 0;  // from start to exit
  double user_seconds = 0;
  double system_seconds = 0;
  long peak_kib = 0;  // resident memory
};

[[nodiscard]] Outcome run(const std::vector<std::string>& command);

// Dies with the output if the command fails.
Outcome must_run(const std::vector<std::string>& command);

// must_run of a command written as one string, words apart by blanks.
Outcome must(const std::string& command);

}  // namespace apiguard::bench
