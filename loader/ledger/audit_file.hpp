// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sources that an audit has seen, kept across boots: STATE/seen, one a line with its connections,
// the first and the last moment (nanoseconds since 1970) and the days:
//
//   apiguard seen 1
//   203.0.113.7 12 1764000000000000000 1764000300000000000 3
//   end
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/compile/sources.hpp"

namespace apiguard::ledger {

// Text and back. Errors read "line 7: reason".
[[nodiscard]] std::string show_audit_file(const std::vector<AuditSource>& sources);
[[nodiscard]] Result<std::vector<AuditSource>> parse_audit_file(const std::string& text);

// A state directory without the file has none. Exit::kFailed: damaged, or not to be read.
[[nodiscard]] Result<std::vector<AuditSource>> read_audit_file(const std::string& state_dir);
// Replaces it as a whole, as write_expendable_file() does. Needs the lock.
[[nodiscard]] Result<std::string> write_audit_file(const std::string& state_dir,
                                                   const std::vector<AuditSource>& sources);

}  // namespace apiguard::ledger
