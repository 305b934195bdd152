// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN/status.json: what `apiguard status` says to those who may not look at the kernel. Readable by
// everybody; holds no range.
#pragma once

#include <chrono>
#include <string>

#include "loader/base/result.hpp"
#include "loader/report/snapshot.hpp"
#include "loader/status/compute_status.hpp"

namespace apiguard::service {

// How often it is taken, and how old it may be to be shown at all.
inline constexpr auto kSnapshotEvery = std::chrono::seconds(10);
inline constexpr auto kSnapshotValid = std::chrono::seconds(60);

// Of this moment.
[[nodiscard]] report::Snapshot take_snapshot(status::StatusReport standing, report::Lost lost);
// Replaces the file at once; only the supervisor does.
[[nodiscard]] Result<> write_snapshot(const std::string& run_dir, const report::Snapshot& snapshot);
// Exit::kFailed if there is none, it cannot be read, or it is too old: the supervisor does not run.
[[nodiscard]] Result<report::Snapshot> read_snapshot(const std::string& run_dir);

// "this is a snapshot of TIME, N s ago, by 'apiguard run'".
[[nodiscard]] std::string describe_age(const report::Snapshot& snapshot);

}  // namespace apiguard::service
