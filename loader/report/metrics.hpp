// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What monitoring is told, as Prometheus text (exposition format 0.0.4). No label holds an address:
// their number has no bound, and `denied` answers that question.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "loader/host/refused.hpp"
#include "loader/report/event.hpp"
#include "loader/report/status.hpp"

namespace apiguard::report {

// What is not known has no value; its family is then left out, which an alert can tell from zero.
struct Metrics {
  Status status;
  Timestamp now{};
  // when the generation in force was
  std::optional<Timestamp> published;
  // ranges in force whose end is to come
  std::optional<std::size_t> expiring;
  // the earliest of these ends
  std::optional<Timestamp> next_end;
  // as `list --unused 30d` shows them
  std::optional<std::size_t> unused;
  // since boot
  std::optional<RefusedLeases> refused;
  // to the journal of the supervisor that runs
  std::optional<Lost> lost;
  std::string version;
  // of the program, 16 hex digits
  std::string build;
  unsigned abi = 0;
};

// Ends in a newline.
[[nodiscard]] std::string to_prometheus(const Metrics& metrics);

}  // namespace apiguard::report
