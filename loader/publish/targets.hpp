// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a policy guards here.
#pragma once

#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/datapath/target.hpp"
#include "loader/host/detached.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct Targets {
  std::vector<datapath::Target> targets;
  // configured but absent, left out, or guarded elsewhere
  std::vector<std::string> warnings;
};
// What is done about an interface without an Ethernet header.
enum class NoEthernet {
  // Exit::kUnsupported
  kRefuse,
  // with a warning: it does not keep the others from being guarded
  kLeaveOut
};
// The interfaces a policy guards. Exit::kFailed if none of them exists, Exit::kUnsupported if none
// of them has an Ethernet header.
[[nodiscard]] Result<Targets> targets_of(const Policy& policy, const World& world,
                                         NoEthernet no_ethernet = NoEthernet::kRefuse);

// Why a person's mark leaves it alone; null: none does.
[[nodiscard]] const DetachMark* mark_of(const Detached& detached, const datapath::Target& target);
[[nodiscard]] bool is_of(const DetachMark& mark, const datapath::Target& target);

// Links whose interface is not among the targets: those of devices that are gone, and of interfaces
// that left the set.
[[nodiscard]] std::vector<datapath::LinkState> leftover_links(
    const World& world, const std::vector<datapath::Target>& targets);

}  // namespace apiguard::publish
