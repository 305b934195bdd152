// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/settling.hpp"

#include "loader/cli/reading.hpp"
#include "loader/publish/settle.hpp"

namespace apiguard::cli {

// Settling may uncover more to settle: a confirmation first, then links, then what no link runs any
// more.
Result<publish::World> look_and_settle(const Places& places, bool way_out) {
  constexpr int kRounds = 4;
  auto world = publish::look(places);
  for (int round = 0; world && round < kRounds; ++round) {
    const auto settled = publish::settle(places, *world);
    if (!settled && !way_out) return fail(settled.error());
    if (!settled) {
      note(settled.error().message);
      break;
    }
    for (const std::string& message : settled->messages) note(message);
    if (!settled->changed) break;
    world = publish::look(places);
  }
  return world;
}

}  // namespace apiguard::cli
