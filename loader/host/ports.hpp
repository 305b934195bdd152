// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Protected ports against the ports this host picks for its own connections.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

struct LocalPorts {
  std::uint16_t first = 32768;
  std::uint16_t last = 60999;
  // text of ip_local_reserved_ports: "6443,8000-8010"
  std::string reserved;
};
// /proc/sys/net/ipv4; defaults where unreadable
[[nodiscard]] LocalPorts read_local_ports();

// Ports of `endpoints` that are inside the range and not reserved, ascending.
[[nodiscard]] std::vector<std::uint16_t> ephemeral_conflicts(const std::vector<Endpoint>& endpoints,
                                                             const LocalPorts& ports);
// "port 40000 is inside net.ipv4.ip_local_port_range (32768-60999): replies ... : sysctl -w
// net.ipv4.ip_local_reserved_ports=..." with what is reserved already kept in the value.
[[nodiscard]] std::string describe_conflict(std::uint16_t port, const LocalPorts& ports);

}  // namespace apiguard
