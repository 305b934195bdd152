// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/neighbours.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"

namespace apiguard {
namespace {

// RTA_VIA: a gateway of the other family.
std::optional<Address> address_via(const nlattr* attribute) {
  if (mnl_attr_get_payload_len(attribute) < sizeof(rtvia)) return std::nullopt;
  const auto* via = static_cast<const rtvia*>(mnl_attr_get_payload(attribute));
  const auto family = family_of(via->rtvia_family);
  const std::size_t size = mnl_attr_get_payload_len(attribute) - sizeof(rtvia);
  if (!family || size != max_length(*family) / 8U) return std::nullopt;
  Address address;
  address.family = *family;
  std::copy_n(via->rtvia_addr, size, address.bytes.begin());
  return address;
}

// While one message is read.
struct Reading {
  // what holds for all hops
  RouteHop route;
  // of a multipath route
  std::vector<RouteHop> hops;
  std::vector<RouteHop>* into = nullptr;
};

void take_gateway(const nlattr* attribute, RouteHop& hop) {
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == RTA_GATEWAY) hop.gateway = address_in(attribute, hop.to.address.family);
  if (type == RTA_VIA) hop.gateway = address_via(attribute);
}

void take_hop(const rtnexthop* next, Reading& reading) {
  RouteHop hop = reading.route;
  hop.interface = next->rtnh_ifindex;
  const auto* attribute = reinterpret_cast<const nlattr*>(RTNH_DATA(next));
  auto left = static_cast<int>(next->rtnh_len - sizeof(rtnexthop));
  while (mnl_attr_ok(attribute, left)) {
    take_gateway(attribute, hop);
    left -= MNL_ALIGN(attribute->nla_len);
    attribute = mnl_attr_next(attribute);
  }
  reading.hops.push_back(hop);
}

int take_attribute(const nlattr* attribute, void* data) {
  Reading& reading = *static_cast<Reading*>(data);
  RouteHop& route = reading.route;
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == RTA_DST) {
    if (const auto to = address_in(attribute, route.to.address.family)) route.to.address = *to;
  } else if (type == RTA_OIF) {
    route.interface = static_cast<int>(number_of(attribute));
  } else if (type == RTA_MULTIPATH) {
    each_hop(attribute, [&](const rtnexthop* hop) { take_hop(hop, reading); });
  } else {
    take_gateway(attribute, route);
  }
  return MNL_CB_OK;
}

}  // namespace

int read_hops(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWROUTE) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return MNL_CB_OK;
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if (header->rtm_type != RTN_LOCAL && header->rtm_type != RTN_UNICAST) return MNL_CB_OK;
  const auto family = family_of(header->rtm_family);
  if (!family || header->rtm_dst_len > max_length(*family)) return MNL_CB_OK;
  Reading reading;
  reading.into = static_cast<std::vector<RouteHop>*>(data);
  reading.route.local = header->rtm_type == RTN_LOCAL;
  reading.route.to.address.family = *family;
  reading.route.to.length = header->rtm_dst_len;
  const int parsed = mnl_attr_parse(message, sizeof(rtmsg), take_attribute, &reading);
  if (reading.hops.empty()) reading.hops.push_back(reading.route);
  for (RouteHop& hop : reading.hops) {
    hop.to = reading.route.to;
    reading.into->push_back(hop);
  }
  return parsed;
}

namespace {

Result<std::vector<RouteHop>> list_routes() {
  using List = std::vector<RouteHop>;
  return ask_until_whole<List>([](List& list) -> Result<> {
    for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
      auto asked = dump<rtmsg>(RTM_GETROUTE, family, "list the routes", read_hops, &list);
      if (!asked) return asked;
    }
    return {};
  });
}

// From the longest prefix around it to the shortest that says something.
template <typename Found>
void each_around(const Address& address, const Found& found) {
  for (std::uint8_t length = max_length(address.family); length > 0; --length) {
    if (found(prefix_around(address, length))) return;
  }
}

}  // namespace

Result<Neighbours> Neighbours::look() {
  const auto hops = list_routes();
  if (!hops) return fail(hops.error());
  return Neighbours(*hops);
}

Neighbours::Neighbours(const std::vector<RouteHop>& hops) {
  for (const RouteHop& hop : hops) {
    if (hop.local && hop.to.length > 0) own_.insert(hop.to);
  }
  for (const RouteHop& hop : hops) {
    if (hop.local || hop.interface == 0 || hop.to.length == 0) continue;
    if (!hop.gateway || is_own(*hop.gateway)) links_[hop.to].insert(hop.interface);
  }
}

bool Neighbours::is_own(const Address& address) const {
  bool own = false;
  each_around(address, [&](const Prefix& prefix) { return own = own_.contains(prefix); });
  return own;
}

std::set<int> Neighbours::interfaces_of(const Address& address) const {
  std::set<int> interfaces;
  each_around(address, [&](const Prefix& prefix) {
    const auto at = links_.find(prefix);
    if (at != links_.end()) interfaces = at->second;
    return at != links_.end();
  });
  return interfaces;
}

}  // namespace apiguard
