// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who is connected to this host, in the namespace we run in: TCP sockets over sock_diag, the ways
// back over rtnetlink (libmnl).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

struct Connection {
  // IPv4 where a socket of IPv6 shows it as ::ffff:a.b.c.d
  Address peer;
  // likewise
  Address local;
  // local
  std::uint16_t port = 0;
  // ifindex the socket is bound to (link-local peers, VRFs), 0: none
  int bound = 0;
  // ifindex by which the way back leaves, 0: not asked, or there is none
  int interface = 0;
  // Since the last packet of the peer; none: not asked for, or not told.
  std::optional<std::chrono::nanoseconds> quiet = std::nullopt;
};

// The TCP connections, from established until both sides have closed, whose local end is one of
// `endpoints`. Exit::kUnsupported: a kernel without sock_diag.
[[nodiscard]] Result<std::vector<Connection>> list_connections(
    const std::vector<Endpoint>& endpoints);

// The same with `quiet` filled in.
[[nodiscard]] Result<std::vector<Connection>> list_heard_connections(
    const std::vector<Endpoint>& endpoints);

// Fills in `interface`; asks once for each way. Own addresses leave by the loopback.
[[nodiscard]] Result<> find_interfaces(std::vector<Connection>& connections);

}  // namespace apiguard
