// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a first attach does to the link of a network card. A replacement of a program resets
// nothing.
#pragma once

#include <string>
#include <vector>

#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct Resets {
  // "eth0 (ixgbe)": the driver is known to reset its link
  std::vector<std::string> known;
  // of cards whose driver is not known to, nor not to
  std::vector<std::string> warnings;
};
// Of interfaces that get a first program of ours. Generic mode touches no driver.
[[nodiscard]] Resets find_resets(const World& world, const Policy& policy,
                                 const std::vector<datapath::Target>& targets);

// For the operator: the risk 'link-reset'.
[[nodiscard]] std::string describe(const Resets& resets);

}  // namespace apiguard::publish
