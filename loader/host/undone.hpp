// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// STATE/undone: which files undone changes brought in, so that none of them comes back unasked.
// Kept apart from the generations, which are pruned. One line a file, the newest last:
//
//   SHA-256 of its text, a space, number of the generation, a space, its name in Sources
//
// The last 100 are kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

struct UndoneFile {
  // SHA-256 of its text, hex
  std::string digest;
  std::uint64_t generation = 0;
  // as in Sources; what is no printable ASCII is '?'
  std::string name;

  friend bool operator==(const UndoneFile&, const UndoneFile&) = default;
};

// A file that does not exist holds none. Exit::kFailed where it cannot be read or is damaged.
[[nodiscard]] Result<std::vector<UndoneFile>> read_undone(const std::string& state_dir);

// Those of `sources` that `before` does not hold byte for byte. Needs the lock, as forget_undone().
// What cannot be read of the file is given up.
[[nodiscard]] Result<> add_undone(const std::string& state_dir, std::uint64_t generation,
                                  const Sources& sources, const Sources& before);

// Files that a person has published since are not undone any more.
[[nodiscard]] Result<> forget_undone(const std::string& state_dir, const Sources& sources);

// Those of `sources` that undone changes brought in and that `in_force` does not hold.
[[nodiscard]] std::vector<UndoneFile> find_undone(const std::vector<UndoneFile>& undone,
                                                  const Sources& sources, const Sources& in_force);

}  // namespace apiguard
