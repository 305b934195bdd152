// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What monitoring is told: put together, and written where the node exporter finds it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/host/places.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/metrics.hpp"
#include "loader/result.hpp"

namespace apiguard::service {

// What is found by going over all ranges: it takes the text, and a second for a million of them.
// Good for its generation, and for as long as what time makes of ranges is not asked for exactly.
struct Counted {
  std::uint64_t generation = 0;  // 0: nothing was counted
  std::vector<Timestamp> ends;   // of the deciding ranges, ascending
  std::optional<std::size_t> unused;
};
// Of a world whose text was read. Asks the kernel which ranges were used, and who is connected.
[[nodiscard]] Counted count_ranges(const Places& places, const publish::World& world);

// The rest is cheap. `status` is that of the world; what was counted of another generation is left
// out.
[[nodiscard]] report::Metrics measure(const Places& places, const publish::World& world,
                                      report::Status status, const Counted& counted);

// Replaces the file as a whole: its folder is that of the node exporter's textfile collector, which
// reads at any moment.
[[nodiscard]] Result<> write_textfile(const std::string& path, const report::Metrics& metrics);

}  // namespace apiguard::service
