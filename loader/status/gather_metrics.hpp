// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What monitoring is told: put together, and written where the node exporter finds it.
#pragma once

#include <string>

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/counted.hpp"
#include "loader/report/metrics.hpp"

namespace apiguard::status {

// `status` is that of the world; what was counted of another generation is left out. What was
// lost only the supervisor knows.
[[nodiscard]] report::Metrics measure(const Host& host, const publish::World& world,
                                      report::Status status, const report::Counted& counted);

// Replaces the file as a whole: its folder is that of the node exporter's textfile collector, which
// reads at any moment.
[[nodiscard]] Result<> write_textfile(const std::string& path, const report::Metrics& metrics);

}  // namespace apiguard::status
