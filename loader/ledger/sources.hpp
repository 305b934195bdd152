// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Kernel -> the sources it remembers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/compile/sources.hpp"

namespace apiguard::ledger {

// The table of refused sources, most packets first. With `since` only what was counted in the mode
// that began with this generation (apiguard_settings.since).
[[nodiscard]] Result<std::vector<DeniedSource>> read_denied(int map_fd, const Now& now,
                                                            std::optional<std::uint64_t> since);

// The sources of audits, by address.
[[nodiscard]] Result<std::vector<AuditSource>> read_audit_sources(int map_fd, const Now& now);

// The sources of audits without a finished handshake, by address.
[[nodiscard]] Result<std::vector<UnprovenSource>> read_unproven(int map_fd, const Now& now);

// The way there: into a map that no packet meets yet.
[[nodiscard]] Result<> write_audit_sources(int map_fd, const std::vector<AuditSource>& sources,
                                           const Now& now);

}  // namespace apiguard::ledger
