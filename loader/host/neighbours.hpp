// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which addresses are this host's own, and which hang on a link of it: what the routes of all
// tables say of an address by itself. Not which way a packet would take: that depends on rules and
// marks.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// One way of a route, as the kernel lists it.
struct RouteHop {
  Prefix to;
  // delivers to this host; false: a unicast route
  bool local = false;
  // ifindex, 0: none is named
  int interface = 0;
  // none: what it leads to is on the link
  std::optional<Address> gateway;
};

class Neighbours {
 public:
  // Asks the kernel over rtnetlink for the routes of all tables, both families.
  [[nodiscard]] static Result<Neighbours> look();

  // Routes of length 0 say nothing of an address. Transparent proxies deliver everything to the
  // host by a local one, and a link that takes everything has strangers behind it.
  explicit Neighbours(const std::vector<RouteHop>& hops);

  // Whether a route of any table delivers it to this host (127.0.0.0/8, AnyIP, addresses in VRFs).
  [[nodiscard]] bool is_own(const Address& address) const;

  // The interfaces on whose link it is, by the longest routes that say so; none: behind a router,
  // or nobody knows. A gateway that is an own address is none, as of cilium_host.
  [[nodiscard]] std::set<int> interfaces_of(const Address& address) const;

 private:
  std::set<Prefix> own_;
  std::map<Prefix, std::set<int>> links_;
};

}  // namespace apiguard
