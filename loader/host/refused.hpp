// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How many leases were refused, by reason: RUN/refused-leases, since the boot that made the folder.
//
//   apiguard refused-leases 1
//   barred 12
//   ...
//   end
//
// Merely remembered: what cannot be read begins anew, and no error of it fails a lease.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/grant_lease.hpp"

namespace apiguard {

using RefusedLeases = std::array<std::uint64_t, static_cast<std::size_t>(Refusal::kCount)>;

// Text and back. Errors read "line 2: reason".
[[nodiscard]] std::string show_refused(const RefusedLeases& refused);
[[nodiscard]] Result<RefusedLeases> parse_refused(const std::string& text);

// Without the file: zeros. Exit::kFailed: damaged, or not to be read.
[[nodiscard]] Result<RefusedLeases> read_refused(const std::string& run_dir);

// Each of these answers was given once. Nothing is written where none is a refusal. Needs the lock.
[[nodiscard]] Result<> count_refused(const std::string& run_dir,
                                     const std::vector<LeaseAnswer>& answers);

}  // namespace apiguard
