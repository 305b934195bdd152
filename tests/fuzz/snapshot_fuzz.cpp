// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN/status.json, which others than root read: what is shown of it reads as the same snapshot.
#include <string>

#include "loader/report/snapshot.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {

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
  must(again->problems == snapshot->problems, "what is wrong is kept", shown);
  static_cast<void>(report::to_text(snapshot->status, true));
  static_cast<void>(report::not_enforced(snapshot->status));
  static_cast<void>(report::damaged(snapshot->status));
  static_cast<void>(report::not_confirmed(snapshot->status));
}

}  // namespace apiguard::fuzz
