// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Readers of single messages of the kernel, as libmnl calls them with one whole message each (its
// length was compared with what was received). Private to this room; here so that a fuzzer reaches
// them. `data` points to what is named behind each. Messages of another type, and those that are
// too short or say what cannot be, add nothing.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <map>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

// RTM_NEWADDR; std::vector<InterfaceAddress>
int read_address(const nlmsghdr* message, void* data);
// RTM_NEWROUTE; std::set<int>: ifindexes of the hops of default routes
int read_default_route(const nlmsghdr* message, void* data);
// RTM_NEWROUTE; std::vector<RouteHop>
int read_hops(const nlmsghdr* message, void* data);
// RTM_NEWROUTE, one answer; bool: it leads to this host
int read_is_local(const nlmsghdr* message, void* data);
// RTM_NEWROUTE, one answer; int: ifindex of the way
int read_way(const nlmsghdr* message, void* data);
// RTM_NEWLINK; std::vector<Interface>
int read_link(const nlmsghdr* message, void* data);
// RTM_NEWLINK, RTM_DELLINK; LinkEvents::News
int read_notice(const nlmsghdr* message, void* data);
// SOCK_DIAG_BY_FAMILY; std::function<void(const TcpSocket&)>
int read_socket(const nlmsghdr* message, void* data);

// Who has finished a handshake with one of the endpoints.
struct Answered {
  const std::vector<Endpoint>& endpoints;
  std::map<Address, std::uint64_t> sources;
};
// NFNL_SUBSYS_CTNETLINK; Answered
int read_tracked(const nlmsghdr* message, void* data);

}  // namespace apiguard
