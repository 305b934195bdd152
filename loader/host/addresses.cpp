// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"

namespace apiguard {
namespace {

// ---- addresses

struct AddressAttributes {
  // of this host, where the other one is the far end of the link
  const nlattr* local = nullptr;
  const nlattr* address = nullptr;
};

int take_address_attribute(const nlattr* attribute, void* data) {
  auto& attributes = *static_cast<AddressAttributes*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == IFA_LOCAL) attributes.local = attribute;
  if (type == IFA_ADDRESS) attributes.address = attribute;
  return MNL_CB_OK;
}

// ---- default routes

int take_route_attribute(const nlattr* attribute, void* data) {
  auto& interfaces = *static_cast<std::set<int>*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == RTA_MULTIPATH)
    each_hop(attribute, [&](const rtnexthop* hop) { interfaces.insert(hop->rtnh_ifindex); });
  if (type == RTA_OIF) interfaces.insert(static_cast<int>(number_of(attribute)));
  return MNL_CB_OK;
}

}  // namespace

int read_address(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWADDR) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return MNL_CB_OK;
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const auto family = family_of(header->ifa_family);
  if (!family || header->ifa_prefixlen > max_length(*family)) return MNL_CB_OK;
  AddressAttributes attributes;
  mnl_attr_parse(message, sizeof(ifaddrmsg), take_address_attribute, &attributes);
  const nlattr* own = attributes.local != nullptr ? attributes.local : attributes.address;
  const auto address = own != nullptr ? address_in(own, *family) : std::nullopt;
  if (!address) return MNL_CB_OK;
  InterfaceAddress found;
  found.address = *address;
  found.ifindex = static_cast<int>(header->ifa_index);
  found.length = header->ifa_prefixlen;
  found.global = header->ifa_scope < RT_SCOPE_LINK;
  static_cast<std::vector<InterfaceAddress>*>(data)->push_back(found);
  return MNL_CB_OK;
}

int read_default_route(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWROUTE) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return MNL_CB_OK;
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  const bool is_default = header->rtm_dst_len == 0 && header->rtm_table == RT_TABLE_MAIN &&
                          header->rtm_type == RTN_UNICAST;
  if (!is_default) return MNL_CB_OK;
  return mnl_attr_parse(message, sizeof(rtmsg), take_route_attribute, data);
}

int read_is_local(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(message) >= sizeof(rtmsg)) {
    const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    *static_cast<bool*>(data) = header->rtm_type == RTN_LOCAL;
  }
  return MNL_CB_STOP;
}

namespace {

// ---- asking

Result<bool> is_routed_here(const Address& address) {
  Result<Netlink> netlink = Netlink::open(NETLINK_ROUTE, "route");
  if (!netlink) return fail(netlink.error());
  const std::uint8_t bits = max_length(address.family);
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_GETROUTE;
  message->nlmsg_flags = NLM_F_REQUEST;
  auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  header->rtm_family = address.family == Family::kIpv4 ? AF_INET : AF_INET6;
  header->rtm_dst_len = bits;
  mnl_attr_put(message, RTA_DST, bits / 8U, address.bytes.data());
  bool here = false;
  const auto asked = netlink->ask(message, "find the route to an address", read_is_local, &here);
  // No way to it, or a prohibited one: not here.
  constexpr std::array kNone = {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EAGAIN, ESRCH};
  if (!asked && std::find(kNone.begin(), kNone.end(), asked.error().os_error) == kNone.end()) {
    return fail(asked.error());
  }
  return here;
}

}  // namespace

Result<std::vector<InterfaceAddress>> list_addresses() {
  using List = std::vector<InterfaceAddress>;
  return ask_until_whole<List>([](List& list) {
    return dump<ifaddrmsg>(RTM_GETADDR, AF_UNSPEC, "list the addresses", read_address, &list);
  });
}

Result<bool> is_own_address(const Address& address) {
  const auto addresses = list_addresses();
  if (!addresses) return fail(addresses.error());
  const auto is = [&](const InterfaceAddress& own) { return own.address == address; };
  if (std::any_of(addresses->begin(), addresses->end(), is)) return true;
  return is_routed_here(address);
}

Result<std::set<int>> find_default_routes() {
  using List = std::set<int>;
  return ask_until_whole<List>([](List& list) -> Result<> {
    for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
      auto asked = dump<rtmsg>(RTM_GETROUTE, family, "list the routes", read_default_route, &list);
      if (!asked) return asked;
    }
    return {};
  });
}

}  // namespace apiguard
