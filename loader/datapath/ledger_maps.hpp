// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Maps in which the kernel keeps what it saw of traffic. They outlive generations and, unlike
// `used` (usage_size.hpp), have the same size whatever the list; pinned as PINS/NAME-vABI.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::datapath {

enum class LedgerMap : std::size_t {
  kCounters,
  kDenied,
  kSeen,
  kFlows,
  kWatches,
  kRings,
  kUnproven
};
inline constexpr std::array kLedgerMaps = {
    LedgerMap::kCounters, LedgerMap::kDenied, LedgerMap::kSeen,    LedgerMap::kFlows,
    LedgerMap::kWatches,  LedgerMap::kRings,  LedgerMap::kUnproven};

// As the object calls it.
[[nodiscard]] std::string_view name_of(LedgerMap kept);
// Needed in audit alone: elsewhere nothing is kept in it.
[[nodiscard]] bool is_for_audit(LedgerMap kept);
// Entries of those that the object does not size itself, 0 for the others.
[[nodiscard]] unsigned audit_entries(LedgerMap kept);

// What is lost with it, in words that "begin anew" goes behind: "counters".
[[nodiscard]] std::string_view content_of(LedgerMap kept);

// Refuses what cannot be read as this map, whoever pinned it there.
[[nodiscard]] Result<> check_ledger_map(LedgerMap kept, int map_fd, const std::string& pin);
// Why a program cannot take this map over, or its readers and writers not use it: "holds another
// map (...)"; none: it goes on.
[[nodiscard]] std::optional<std::string> misfit(LedgerMap kept, int map_fd);

// The same of the map of connections by range, `used`, which has any size.
[[nodiscard]] Result<> check_usage_map(int map_fd, const std::string& pin);
[[nodiscard]] std::optional<std::string> misfit_usage_map(int map_fd);

// Whether a map has the shape of the one that holds the secret of this boot.
[[nodiscard]] bool is_secret_map(int map_fd);

// A descriptor for each, -1: none.
struct LedgerMaps {
  std::array<Fd, kLedgerMaps.size()> maps;

  [[nodiscard]] int fd(LedgerMap kept) const { return maps[static_cast<std::size_t>(kept)].get(); }
};

}  // namespace apiguard::datapath
