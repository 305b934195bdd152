// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The sources of audits: what the kernel has seen in this boot, begun with what the state directory
// has kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/ledger/host.hpp"

namespace apiguard::ledger {

// By address; none where there never was an audit.
[[nodiscard]] Result<std::vector<AuditSource>> read_audit_sources(const Host& host, const Now& now);

// Brings the file to what the kernel says; nothing where there never was an audit in this boot.
// Needs the lock. What cannot be read becomes a warning.
[[nodiscard]] Result<> save_audit_sources(const Host& host, const Now& now,
                                          std::vector<std::string>& warnings);

// Why what was kept is not believed: "file '...': damaged: ...: ... begin anew"; none: it is.
[[nodiscard]] std::optional<std::string> doubt_audit_sources(const Host& host);

// Puts what was kept into the map of a generation that begins one, before it is in force.
[[nodiscard]] Result<> restore_audit_sources(const Host& host,
                                             const datapath::Generation& generation,
                                             const Now& now);

// In words, that a folder was moved aside by write_expendable_file().
[[nodiscard]] std::string moved_aside(const std::string& aside);

}  // namespace apiguard::ledger
