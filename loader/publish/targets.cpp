// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/targets.hpp"

#include <linux/if_link.h>

#include <algorithm>

#include <fmt/format.h>

namespace apiguard::publish {
namespace {

bool in_force_guards(const World& world, const Interface& interface) {
  if (!world.in_force || !world.in_force->config) return false;
  const auto selected = select_interfaces(world.interfaces, world.in_force->config->interfaces);
  return find_interface(selected.interfaces, interface.ifindex) != nullptr;
}

datapath::Target target(const World& world, const Interface& interface) {
  datapath::Target target;
  target.name = interface.name;
  target.point = datapath::interface_point(interface.ifindex);
  target.native = interface.xdp_attached == XDP_ATTACHED_DRV;
  if (const auto* link = link_on(world, interface)) {
    target.link_id = link->link_id;
  } else {
    target.foreign_id = interface.xdp_prog_id;
  }
  target.reattach = in_force_guards(world, interface);
  return target;
}

// Its number may have passed to another device here.
bool is_moved(const World& world, const datapath::LinkState& link) {
  const auto ifindex = datapath::ifindex_of(link.point);
  if (link.point.gone() || !ifindex) return false;
  const Interface* interface = find_interface(world.interfaces, *ifindex);
  return interface == nullptr || link_on(world, *interface) != &link;
}

// A device that was moved to another namespace stays guarded, and by the list in force.
void add_moved(const World& world, std::vector<datapath::Target>& targets) {
  for (const datapath::LinkState& link : world.live.links) {
    if (!is_moved(world, link)) continue;
    targets.push_back(datapath::target_of(link));
    targets.back().moved = true;
  }
}

// As the kernel takes programs; otherwise in the order of the configuration.
std::vector<Interface> from_below(const World& world, std::vector<Interface> interfaces) {
  std::stable_sort(interfaces.begin(), interfaces.end(),
                   [&](const Interface& a, const Interface& b) {
                     return layers_below(world.interfaces, a) < layers_below(world.interfaces, b);
                   });
  return interfaces;
}

Error without_ethernet(const Interface& interface) {
  return {fmt::format("interface '{}': its packets have no Ethernet header (link type {}): it "
                      "cannot be guarded; remove it from 'interfaces'",
                      interface.name, interface.type),
          Exit::kUnsupported};
}

}  // namespace

Result<Targets> targets_of(const Policy& policy, const World& world, NoEthernet no_ethernet) {
  const Selection selection = select_interfaces(world.interfaces, policy.interfaces);
  Targets result;
  for (const std::string& absent : selection.absent) {
    result.warnings.push_back(
        fmt::format("interface '{}': does not exist: guarded when it appears if 'apiguard run' "
                    "runs, otherwise by the next 'apiguard apply'",
                    absent));
  }
  for (const std::string& bond : selection.at_ports) {
    result.warnings.push_back(fmt::format(
        "interface '{}': guarded at its ports, because 'interfaces' also names ports", bond));
  }
  if (selection.interfaces.empty() && !selection.at_ports.empty()) {
    return fail(Exit::kFailed,
                fmt::format("interfaces: there is nothing to guard but bonds without ports: {}",
                            fmt::join(selection.at_ports, ", ")));
  }
  if (selection.interfaces.empty()) {
    return fail(Exit::kFailed, fmt::format("interfaces: none of the configured ones exists ({}): "
                                           "'ip link' shows all interfaces and their names",
                                           fmt::join(policy.interfaces, ", ")));
  }
  std::optional<Error> left_out;
  for (const Interface& interface : from_below(world, selection.interfaces)) {
    if (has_ethernet_header(interface)) {
      result.targets.push_back(target(world, interface));
      continue;
    }
    left_out = without_ethernet(interface);
    result.warnings.push_back(left_out->message);
  }
  if (left_out && (no_ethernet == NoEthernet::kRefuse || result.targets.empty()))
    return fail(*left_out);
  add_moved(world, result.targets);
  return result;
}

const DetachMark* mark_of(const Detached& detached, const datapath::Target& target) {
  switch (target.point.kind) {
    case datapath::AttachKind::kInterface:
      return detached.mark_of(target.name, target.point.ifindex());
  }
  return nullptr;
}

bool is_of(const DetachMark& mark, const datapath::Target& target) {
  switch (target.point.kind) {
    case datapath::AttachKind::kInterface:
      return mark.is_of(target.name, target.point.ifindex());
  }
  return false;
}

std::vector<datapath::LinkState> leftover_links(const World& world,
                                                const std::vector<datapath::Target>& targets) {
  std::vector<datapath::LinkState> left;
  for (const datapath::LinkState& link : world.live.links) {
    const bool wanted =
        std::any_of(targets.begin(), targets.end(),
                    [&](const datapath::Target& target) { return target.link_id == link.link_id; });
    if (!wanted) left.push_back(link);
  }
  return left;
}

}  // namespace apiguard::publish
