// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/snapshot.hpp"

#include <utility>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/files.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::service {
namespace {

using std::chrono::seconds;

std::string path_in(const std::string& run_dir) { return run_dir + "/status.json"; }

// By the clock that nobody sets.
seconds age_of(const report::Snapshot& snapshot) {
  const BootTime now = read_clocks().boot;
  return now > snapshot.boot ? std::chrono::floor<seconds>(now - snapshot.boot) : 0s;
}

std::string when(const report::Snapshot& snapshot) {
  return format_timestamp(
      std::chrono::time_point_cast<seconds>(snapshot.status.snapshot.value_or(Timestamp())));
}

}  // namespace

report::Snapshot take_snapshot(status::StatusReport standing, report::Lost lost) {
  const Now now = read_clocks();
  report::Snapshot snapshot;
  snapshot.status = std::move(standing.status);
  snapshot.status.snapshot = now.wall;
  snapshot.problems = std::move(standing.problems);
  snapshot.notes = std::move(standing.notes);
  snapshot.lost = lost;
  snapshot.boot_id = read_boot_id();
  snapshot.boot = now.boot;
  return snapshot;
}

Result<> write_snapshot(const std::string& run_dir, const report::Snapshot& snapshot) {
  return replace_snapshot(path_in(run_dir), report::show_snapshot(snapshot));
}

Result<report::Snapshot> read_snapshot(const std::string& run_dir) {
  const auto text = read_text(path_in(run_dir));
  if (!text) return fail(text.error());
  auto snapshot = report::parse_snapshot(*text);
  if (!snapshot) return fail_in(fmt::format("file '{}'", path_in(run_dir)), snapshot.error());
  if (snapshot->boot_id == read_boot_id() && age_of(*snapshot) <= kSnapshotValid) return snapshot;
  return fail(Exit::kFailed,
              fmt::format("file '{}': is from {}: the supervisor is no longer running",
                          path_in(run_dir), when(*snapshot)));
}

std::string describe_age(const report::Snapshot& snapshot) {
  return fmt::format(
      "this is a snapshot of {}, {} s ago, by 'apiguard run'; root sees the current state",
      when(snapshot), age_of(snapshot).count());
}

}  // namespace apiguard::service
