// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What an audit has found out, as far as the kernel remembers it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// Sources that would have been dropped since mode is audit and that this policy would drop, most
// packets first. Empty unless audit is in force.
[[nodiscard]] Result<std::vector<DeniedSource>> find_would_drop(const Host& host,
                                                                const World& world,
                                                                const Policy& policy);

// When the mode in force began, as far as records tell: those of the first generations in it may be
// pruned, and what follows them is later. None: nothing is in force, or no record tells.
[[nodiscard]] std::optional<Timestamp> mode_began(const World& world);

// Sources of the audit in force of which no finished handshake was seen, by address; none in other
// modes.
[[nodiscard]] Result<std::vector<UnprovenSource>> find_unproven(const Host& host,
                                                                const World& world);

// Sources that were seen (ledger/audit_sources.hpp), and of the audit in force those whose payload
// is for no socket of this host and whom connection tracking knows to be answered. What cannot be
// read becomes a warning.
[[nodiscard]] std::vector<AuditSource> find_audited(const Host& host, const World& world,
                                                    std::vector<std::string>& warnings);

// "since the audit began, 12 packets from 3 sources would have been dropped:" and a line for each
// of the first ten of `seen`, because they had connections; what to do about it. Empty if nobody
// would have been dropped.
[[nodiscard]] std::string describe(std::vector<DeniedSource> sources,
                                   const std::vector<AuditSource>& seen, Timestamp now);

}  // namespace apiguard::publish
