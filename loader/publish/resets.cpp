// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/resets.hpp"

#include <fmt/format.h>

#include "loader/host/driver.hpp"

namespace apiguard::publish {
namespace {

// A bond hands its program to its ports.
std::vector<const Interface*> cards_of(const World& world, const datapath::Target& target) {
  std::vector<const Interface*> cards;
  const auto ifindex = datapath::ifindex_of(target.point);
  for (const Interface& interface : world.interfaces) {
    if (interface.ifindex == ifindex || interface.master == ifindex) cards.push_back(&interface);
  }
  return cards;
}

// What has a kind is made of software, of which nothing is to be said.
void look_at(const Interface& card, Resets& resets) {
  const std::string driver = driver_of(card.name);
  const AtAttach does = driver.empty() ? AtAttach::kStays : at_attach(driver);
  if (does == AtAttach::kResets) resets.known.push_back(fmt::format("{} ({})", card.name, driver));
  if (does != AtAttach::kMay || !card.kind.empty()) return;
  resets.warnings.push_back(
      fmt::format("interface '{}': its driver is '{}': some drivers reset the link when a first "
                  "program is attached",
                  card.name, driver));
}

}  // namespace

Resets find_resets(const World& world, const Policy& policy,
                   const std::vector<datapath::Target>& targets) {
  Resets resets;
  if (policy.xdp_mode == XdpMode::kGeneric) return resets;
  for (const datapath::Target& target : targets) {
    if (target.link_id != 0 || target.moved) continue;
    for (const Interface* card : cards_of(world, target)) look_at(*card, resets);
  }
  return resets;
}

std::string describe(const Resets& resets) {
  return fmt::format(
      "the driver is known to reset its link when a first program is attached: the host may be "
      "unreachable for some seconds: {}; the quiet way is 'systemctl enable apiguard-boot.service' "
      "and a reboot",
      fmt::join(resets.known, ", "));
}

}  // namespace apiguard::publish
