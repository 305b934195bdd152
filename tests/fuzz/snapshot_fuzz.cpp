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

}  // namespace

void run(std::string_view input) {
  const auto snapshot = report::parse_snapshot(std::string(input));
  if (!snapshot) {
    must(snapshot.error().message.starts_with("snapshot: "), "an error says of what it is",
         snapshot.error().message);
    return;
  }
  const std::string shown = report::show_snapshot(*snapshot);
  const auto again = report::parse_snapshot(shown);
  must(again.has_value(), "what is shown parses", shown);
  same(shown, report::show_snapshot(*again), "a snapshot reads back as it was written");
  must(again->boot == snapshot->boot && again->boot_id == snapshot->boot_id &&
           again->status.snapshot == snapshot->status.snapshot,
       "when it was taken is kept", shown);
  must(again->problems == snapshot->problems && again->notes == snapshot->notes,
       "what is wrong is kept", shown);
  must(again->lost.messages == snapshot->lost.messages &&
           again->lost.denied == snapshot->lost.denied &&
           again->lost.admitted == snapshot->lost.admitted,
       "what was lost is kept", shown);
  must(is_same(again->status, snapshot->status), "a status is kept", shown);
  static_cast<void>(report::to_text(snapshot->status, true));
  static_cast<void>(report::not_enforced(snapshot->status));
  static_cast<void>(report::damaged(snapshot->status));
  static_cast<void>(report::not_confirmed(snapshot->status));
}

}  // namespace apiguard::fuzz
