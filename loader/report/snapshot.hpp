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
  // its member `snapshot` says when it was taken
  Status status;
  // what makes the exit status 1
  std::vector<std::string> problems;
  std::vector<std::string> notes;
  // to the journal, since the supervisor began
  Lost lost;
  // in which boot,
  std::string boot_id;
  // and when by the boot-time clock
  BootTime boot{};
};

// The object of `status --json` with five members more.
[[nodiscard]] std::string show_snapshot(const Snapshot& snapshot);
// Every member must be there and of its type; members that are not known are no error, names of
// counters that are not known are left out. "snapshot: REASON".
[[nodiscard]] Result<Snapshot> parse_snapshot(const std::string& text);

}  // namespace apiguard::report
