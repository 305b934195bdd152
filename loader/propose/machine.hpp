// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel says of this host: interfaces, addresses, default routes, connected peers. As
// plain values, so that a proposal is made of any.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "loader/host/addresses.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/peers.hpp"
#include "loader/host/ports.hpp"
#include "loader/propose/facts.hpp"

namespace apiguard::propose {

struct Machine {
  std::vector<Interface> interfaces;
  std::vector<InterfaceAddress> addresses;
  // ifindexes
  std::set<int> default_routes;
  // to the ports, with the interfaces they come in by
  std::vector<Connection> connections;
  // why these are not known; "" if they are
  std::string no_connections;
  LocalPorts local_ports;
};

// Asks the kernel. Who is connected may stay unknown, everything else is an error (kFailed).
[[nodiscard]] Result<Machine> look_at_machine(const std::vector<Port>& ports);

}  // namespace apiguard::propose
