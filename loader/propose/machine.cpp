// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/machine.hpp"

namespace apiguard::propose {
namespace {

Result<std::vector<Connection>> connections_to(const std::vector<Port>& ports) {
  std::vector<Endpoint> endpoints;
  endpoints.reserve(ports.size());
  for (const Port& port : ports) endpoints.push_back({std::nullopt, port.port});
  auto connections = list_connections(endpoints);
  if (!connections) return connections;
  if (auto found = find_interfaces(*connections); !found) return fail(found.error());
  return connections;
}

}  // namespace

Result<Machine> look_at_machine(const std::vector<Port>& ports) {
  Machine machine;
  auto interfaces = list_interfaces();
  if (!interfaces) return fail(interfaces.error());
  auto addresses = list_addresses();
  if (!addresses) return fail(addresses.error());
  auto routes = find_default_routes();
  if (!routes) return fail(routes.error());
  machine.interfaces = *std::move(interfaces);
  machine.addresses = *std::move(addresses);
  machine.default_routes = *std::move(routes);
  machine.local_ports = read_local_ports();
  auto connections = connections_to(ports);
  if (connections) {
    machine.connections = *std::move(connections);
  } else {
    machine.no_connections = connections.error().message;
  }
  return machine;
}

}  // namespace apiguard::propose
