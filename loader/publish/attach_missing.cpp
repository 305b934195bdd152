// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/attach_missing.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/ledger/usage.hpp"
#include "loader/publish/targets.hpp"

namespace apiguard::publish {
namespace {

std::vector<datapath::Target> missing_targets(const World& world, const Detached& left_alone) {
  if (!world.in_force || !world.in_force->config) return {};
  auto wanted = targets_of(*world.in_force->config, world, NoEthernet::kLeaveOut);
  if (!wanted) return {};  // none exists, or can be guarded
  std::erase_if(wanted->targets, [&](const datapath::Target& target) {
    // Which program it runs is not the question: that of another generation is brought here by
    // settling, one that could not be pinned is somebody's way out.
    return target.moved || target.link_id != 0 || mark_of(left_alone, target) != nullptr;
  });
  return std::move(wanted->targets);
}

// But for the last link of all: as long as its pin is there the generation stays loaded, and the
// interface is guarded at once when it comes back.
void remove_dead(const World& world, Guarded& guarded) {
  for (const datapath::LinkState& link : world.live.links) {
    if (!link.point.gone() || link.pin.empty()) continue;
    const auto removed = datapath::remove_dead_link(link);
    if (!removed) guarded.failures.push_back(removed.error().message);
    if (!removed || !*removed) continue;
    guarded.messages.push_back(
        fmt::format("link '{}': its interface is gone: removed", datapath::target_of(link).name));
    guarded.changed = true;
  }
}

// What the kernel says of it, not what the calls answered.
bool tell_guarded(const datapath::SwitchReport& switched, std::uint64_t number, Guarded& guarded) {
  const auto read = datapath::read_back(switched.placed);
  for (const datapath::Placed& placed : read.confirmed) {
    guarded.messages.push_back(
        fmt::format("{}: guarded by generation {}", describe(placed.target), number));
  }
  for (const datapath::Finding& finding : read.findings) {
    guarded.failures.push_back(fmt::format("{}: is not guarded by generation {}: {}",
                                           finding.subject, number, finding.what));
  }
  return !read.confirmed.empty();
}

bool attach_each(const Host& host, const World& world, const std::vector<datapath::Target>& missing,
                 Guarded& guarded) {
  const datapath::Pins& pins = host.pins;
  const std::uint64_t number = *world.live.generation;
  const auto filters = pins.open_filters(*world.live.newest());
  if (!filters) {
    guarded.failures.push_back(filters.error().message);
    return false;
  }
  bool attached = false;
  datapath::SwitchOptions options;
  options.xdp_mode = world.in_force->config->xdp_mode;
  options.accept_generic = true;
  for (const datapath::Target& target : missing) {
    const auto switched =
        datapath::switch_links(pins, world.live, borrow(*filters), {target}, options);
    if (!switched) {
      guarded.failures.push_back(switched.error().message);
      continue;
    }
    guarded.messages.insert(guarded.messages.end(), switched->warnings.begin(),
                            switched->warnings.end());
    attached = tell_guarded(*switched, number, guarded) || attached;
  }
  return attached;
}

}  // namespace

bool has_living_link(const World& world) {
  return std::any_of(world.live.links.begin(), world.live.links.end(),
                     [](const datapath::LinkState& link) { return !link.point.gone(); });
}

std::vector<std::string> unguarded(const World& world, const Detached& left_alone) {
  std::vector<std::string> names;
  for (const datapath::Target& target : missing_targets(world, left_alone))
    names.push_back(target.name);
  return names;
}

Guarded attach_missing(const Host& host, const World& world, const Detached& left_alone) {
  Guarded guarded;
  const auto missing = missing_targets(world, left_alone);
  bool attached = false;
  if (!missing.empty() && world.live.generation)
    attached = attach_each(host, world, missing, guarded);
  if (attached || has_living_link(world)) remove_dead(world, guarded);
  if (!attached) return guarded;
  guarded.changed = true;
  if (auto noted = ledger::note_gap(host, clocks(world)); !noted)
    guarded.messages.push_back(noted.error().message);
  return guarded;
}

}  // namespace apiguard::publish
