// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the files would change if they were applied now.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/policy/policy.hpp"

namespace apiguard::report {

struct Diff {
  // in force; none: everything is new
  std::optional<std::uint64_t> generation;
  // from that generation to the files
  Difference difference;

  [[nodiscard]] bool differs() const { return !generation || !difference.empty(); }
};

// {schema, differs, generation, added[], removed[], settings[]}, ranges as in change.hpp. The text
// for people is preview() of change.hpp.
[[nodiscard]] std::string to_json(const Diff& diff);

}  // namespace apiguard::report
