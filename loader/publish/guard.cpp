// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/guard.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/publish/used.hpp"

namespace apiguard::publish {
namespace {

const Interface* find(const World& world, int ifindex) {
  const auto found = std::find_if(world.interfaces.begin(), world.interfaces.end(),
                                  [&](const Interface& one) { return one.ifindex == ifindex; });
  return found == world.interfaces.end() ? nullptr : &*found;
}

// Which program it runs is not the question: that of another generation is brought here by
// settling, one that could not be pinned is somebody's way out.
bool has_link(const World& world, const datapath::Target& target) {
  const Interface* interface = find(world, target.ifindex);
  return interface != nullptr && interface->guarded;
}

std::vector<datapath::Target> missing_targets(const World& world,
                                              const std::set<std::string>& left_alone) {
  if (!world.in_force || !world.in_force->config) return {};
  auto wanted = targets_of(*world.in_force->config, world, NoEthernet::kLeaveOut);
  if (!wanted) return {};  // none exists, or can be guarded
  std::erase_if(wanted->targets, [&](const datapath::Target& target) {
    return find(world, target.ifindex) == nullptr || left_alone.contains(target.name) ||
           has_link(world, target);
  });
  return std::move(wanted->targets);
}

// Without links whose number now belongs to another device: they would be taken for that
// device's.
datapath::Live without_strangers(const World& world, const std::vector<datapath::Target>& targets) {
  datapath::Live live = world.live;
  std::erase_if(live.links, [&](const datapath::LinkState& link) {
    return std::any_of(targets.begin(), targets.end(), [&](const datapath::Target& target) {
      return link.ifindex == target.ifindex;
    });
  });
  return live;
}

// But for the last link of all: as long as its pin is there the generation stays loaded, and the
// interface is guarded at once when it comes back.
void remove_dead(const World& world, Guarded& guarded) {
  for (const datapath::LinkState& link : world.live.links) {
    if (link.ifindex != 0 || link.pin.empty()) continue;
    const auto removed = datapath::remove_dead_link(link);
    if (!removed) guarded.failures.push_back(removed.error().message);
    if (!removed || !*removed) continue;
    guarded.messages.push_back(
        fmt::format("link '{}': its interface is gone: removed", datapath::target_of(link).name));
    guarded.changed = true;
  }
}

bool has_living_link(const World& world) {
  return std::any_of(world.live.links.begin(), world.live.links.end(),
                     [](const datapath::LinkState& link) { return link.ifindex != 0; });
}

bool attach_missing(const Places& places, const World& world,
                    const std::vector<datapath::Target>& missing, Guarded& guarded) {
  const datapath::Pins pins(places.pin_dir);
  const std::uint64_t number = *world.live.generation;
  const auto filter = pins.open_filter(number);
  if (!filter) {
    guarded.failures.push_back(filter.error().message);
    return false;
  }
  bool attached = false;
  datapath::SwitchOptions options;
  options.xdp_mode = world.in_force->config->xdp_mode;
  options.accept_generic = true;
  const datapath::Live live = without_strangers(world, missing);
  for (const datapath::Target& target : missing) {
    const auto switched = datapath::switch_links(pins, live, filter->get(), {target}, options);
    if (!switched) {
      guarded.failures.push_back(switched.error().message);
      continue;
    }
    guarded.messages.insert(guarded.messages.end(), switched->warnings.begin(),
                            switched->warnings.end());
    guarded.messages.push_back(
        fmt::format("interface '{}': guarded by generation {}", target.name, number));
    attached = true;
  }
  return attached;
}

}  // namespace

std::vector<std::string> unguarded(const World& world, const std::set<std::string>& left_alone) {
  std::vector<std::string> names;
  for (const datapath::Target& target : missing_targets(world, left_alone))
    names.push_back(target.name);
  return names;
}

Guarded guard(const Places& places, const World& world, const std::set<std::string>& left_alone) {
  Guarded guarded;
  const auto missing = missing_targets(world, left_alone);
  bool attached = false;
  if (!missing.empty() && world.live.generation)
    attached = attach_missing(places, world, missing, guarded);
  if (attached || has_living_link(world)) remove_dead(world, guarded);
  if (!attached) return guarded;
  guarded.changed = true;
  if (auto noted = note_gap(places, clocks(world)); !noted)
    guarded.messages.push_back(noted.error().message);
  return guarded;
}

}  // namespace apiguard::publish
