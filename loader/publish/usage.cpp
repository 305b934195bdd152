// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/usage.hpp"

#include <algorithm>

#include "loader/datapath/pins.hpp"
#include "loader/publish/targets.hpp"

namespace apiguard::publish {
namespace {

// Whether the program is on every interface that it is meant for.
bool guards_all(const World& world) {
  const auto& config = world.in_force->config;
  if (!config) return false;
  const auto targets = targets_of(*config, world);
  return targets && std::none_of(targets->targets.begin(), targets->targets.end(),
                                 [](const auto& target) { return target.link_id == 0; });
}

}  // namespace

UsageView read_usage(const Host& host, const World& world) {
  auto found = ledger::read_usage(host, clocks(world));
  UsageView use{std::move(found.log), std::nullopt, std::move(found.warnings),
                std::move(found.unread)};
  const auto& in_force = world.in_force;
  // Of a change that could not be written down the file knows nothing.
  if (use.unread.empty() && in_force && !judges_nothing(*in_force) &&
      use.log.generation >= in_force->generation && guards_all(world))
    use.observed_since = use.log.observed;
  return use;
}

bool judges_nothing(const InForce& in_force) {
  if (in_force.settings.generation != 0) return in_force.settings.mode == APIGUARD_MODE_OFF;
  return !in_force.config || in_force.config->mode == Mode::kOff;
}

bool attributes_connections(const Host& host, const World& world) {
  return world.in_force && host.pins.attributes(world.in_force->which());
}

}  // namespace apiguard::publish
