// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Addresses and default routes of the namespace we run in, over rtnetlink (libmnl).
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

struct InterfaceAddress {
  int ifindex = 0;
  // this host's
  Address address;
  // bits of the subnet that is reached without a router
  std::uint8_t length = 0;
  // valid beyond the link and the host
  bool global = false;
};

[[nodiscard]] Result<std::vector<InterfaceAddress>> list_addresses();

// Whether it is this host's: an interface has it, or a route delivers it here (127.0.0.0/8, AnyIP).
[[nodiscard]] Result<bool> is_own_address(const Address& address);

// The interfaces by which the default routes of the main table leave, both families.
[[nodiscard]] Result<std::set<int>> find_default_routes();

}  // namespace apiguard
