// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN/status.json, which others than root read: what is shown of it reads as the same snapshot.
#include <cstring>
#include <string>

#include "loader/report/snapshot.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

bool is_same(const report::Status& a, const report::Status& b) {
  return a.mode == b.mode && a.generation == b.generation && a.confirmed == b.confirmed &&
         a.confirm_deadline == b.confirm_deadline && a.unapplied == b.unapplied &&
         a.damaged.has_value() == b.damaged.has_value() && a.guarded == b.guarded &&
         a.fingerprint == b.fingerprint && a.fingerprint_permanent == b.fingerprint_permanent &&
         a.endpoints == b.endpoints && a.ranges4 == b.ranges4 && a.ranges6 == b.ranges6 &&
         a.leases.in_force == b.leases.in_force && a.leases.barred == b.leases.barred &&
         a.interfaces.size() == b.interfaces.size() && a.unpinned.size() == b.unpinned.size() &&
         a.detached.size() == b.detached.size() &&
         std::memcmp(a.counters.packets, b.counters.packets, sizeof(a.counters.packets)) == 0;
}

bool is_same(const report::Snapshot& a, const report::Snapshot& b) {
  return is_same(a.status, b.status) && a.boot == b.boot && a.boot_id == b.boot_id &&
         a.status.snapshot == b.status.snapshot && a.problems == b.problems && a.notes == b.notes &&
         a.lost.messages == b.lost.messages && a.lost.denied == b.lost.denied &&
         a.lost.admitted == b.lost.admitted;
}

}  // namespace

void run(std::string_view input) {
  const auto snapshot = reads_back(
      std::string(input), "snapshot: ", report::parse_snapshot, report::show_snapshot,
      [](const report::Snapshot& a, const report::Snapshot& b) { return is_same(a, b); });
  if (!snapshot) return;
  static_cast<void>(report::to_text(snapshot->status, true));
  static_cast<void>(report::not_enforced(snapshot->status));
  static_cast<void>(report::damaged(snapshot->status));
  static_cast<void>(report::not_confirmed(snapshot->status));
}

}  // namespace apiguard::fuzz
