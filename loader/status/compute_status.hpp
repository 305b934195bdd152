// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// World -> report::Status: what `status` shows, what the supervisor's snapshot holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/status.hpp"

namespace apiguard::status {

struct StatusReport {
  report::Status status;
  // what makes the exit status 1
  std::vector<std::string> problems;
  // what does not
  std::vector<std::string> notes;
};

// What of a Status takes the text of the generation in force, which a supervisor does not keep.
struct TextStatus {
  std::optional<std::size_t> ranges4;
  std::optional<std::size_t> ranges6;
  std::string fingerprint;
  std::string fingerprint_permanent;
  // what cannot be compared counts as that
  bool unapplied = true;
  // of drop-ins that are not read
  std::vector<std::string> warnings;
};
// Of a world whose text was read.
[[nodiscard]] TextStatus read_text_status(const Host& host, const publish::InForce& in_force);

[[nodiscard]] StatusReport compute_status(const Host& host, const publish::World& world,
                                          const TextStatus& text);

}  // namespace apiguard::status
