// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A Status as a file, for those who may not look at the kernel themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/report/event.hpp"
#include "loader/report/status.hpp"

namespace apiguard::report {

struct Snapshot {
  Status status;                      // its member `snapshot` says when it was taken
  std::vector<std::string> problems;  // what makes the exit status 1
  std::vector<std::string> notes;
  Lost lost;            // to the journal, since the supervisor began
  std::string boot_id;  // in which boot,
  BootTime boot{};      // and when by the boot-time clock
};

// The object of `status --json` with five members more.
[[nodiscard]] std::string show_snapshot(const Snapshot& snapshot);
// Every member must be there and of its type; members that are not known are no error, names of
// counters that are not known are left out. "snapshot: REASON".
[[nodiscard]] Result<Snapshot> parse_snapshot(const std::string& text);

}  // namespace apiguard::report
