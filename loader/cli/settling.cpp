// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/settling.hpp"

#include "loader/cli/reading.hpp"
#include "loader/publish/settle.hpp"

namespace apiguard::cli {

Result<publish::World> look_and_settle(const Places& places, bool way_out) {
  std::vector<std::string> messages;
  auto world = publish::look_and_settle(places, {way_out}, messages);
  for (const std::string& message : messages) note(message);
  if (world && world->unsettled) note(*world->unsettled);
  if (!world) return world;
  for (const std::string& stray : world->live.strays) note(datapath::describe_stray(stray));
  return world;
}

}  // namespace apiguard::cli
