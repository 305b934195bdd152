// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The record of one stored generation, or why it cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/host/state.hpp"

namespace apiguard::publish {

// One stored generation.
struct StoredRecord {
  std::uint64_t generation = 0;
  // none: its record cannot be read,
  std::optional<GenerationMeta> meta;
  // and why
  std::string error;
};

[[nodiscard]] std::vector<StoredRecord> read_records(const StateDir& state,
                                                     const std::vector<std::uint64_t>& stored);

}  // namespace apiguard::publish
