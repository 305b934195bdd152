// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/stored_record.hpp"

#include <utility>

namespace apiguard::publish {

std::vector<StoredRecord> read_records(const StateDir& state,
                                       const std::vector<std::uint64_t>& stored) {
  std::vector<StoredRecord> all;
  for (const std::uint64_t number : stored) {
    StoredRecord kept{number, std::nullopt, ""};
    if (auto meta = state.read_meta(number)) {
      kept.meta = std::move(*meta);
    } else {
      kept.error = meta.error().message;
    }
    all.push_back(std::move(kept));
  }
  return all;
}

}  // namespace apiguard::publish
