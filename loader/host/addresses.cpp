// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "loader/host/netlink.hpp"

namespace apiguard {
namespace {

constexpr int kAttempts = 20;

// ---- addresses

struct AddressAttributes {
  const nlattr* local = nullptr;  // of this host, where the other one is the far end of the link
  const nlattr* address = nullptr;
};

int take_address_attribute(const nlattr* attribute, void* data) {
  auto& attributes = *static_cast<AddressAttributes*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == IFA_LOCAL) attributes.local = attribute;
  if (type == IFA_ADDRESS) attributes.address = attribute;
  return MNL_CB_OK;
}

int take_address(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWADDR) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return MNL_CB_OK;
  const auto* header = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  if (header->ifa_family != AF_INET && header->ifa_family != AF_INET6) return MNL_CB_OK;
  AddressAttributes attributes;
  mnl_attr_parse(message, sizeof(ifaddrmsg), take_address_attribute, &attributes);
  const nlattr* own = attributes.local != nullptr ? attributes.local : attributes.address;
  InterfaceAddress found;
  found.address.family = header->ifa_family == AF_INET ? Family::kIpv4 : Family::kIpv6;
  const std::size_t size = max_length(found.address.family) / 8U;
  if (own == nullptr || mnl_attr_get_payload_len(own) != size) return MNL_CB_OK;
  std::copy_n(static_cast<const std::uint8_t*>(mnl_attr_get_payload(own)), size,
              found.address.bytes.begin());
  found.ifindex = static_cast<int>(header->ifa_index);
  found.length = header->ifa_prefixlen;
  found.global = header->ifa_scope < RT_SCOPE_LINK;
  static_cast<std::vector<InterfaceAddress>*>(data)->push_back(found);
  return MNL_CB_OK;
}

// ---- default routes

int take_next_hops(const nlattr* attribute, std::set<int>& interfaces) {
  const auto* hop = static_cast<const rtnexthop*>(mnl_attr_get_payload(attribute));
  int left = mnl_attr_get_payload_len(attribute);
  while (RTNH_OK(hop, left)) {
    interfaces.insert(hop->rtnh_ifindex);
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
  return MNL_CB_OK;
}

int take_route_attribute(const nlattr* attribute, void* data) {
  auto& interfaces = *static_cast<std::set<int>*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == RTA_MULTIPATH) return take_next_hops(attribute, interfaces);
  if (type == RTA_OIF) interfaces.insert(static_cast<int>(number_of(attribute)));
  return MNL_CB_OK;
}

int take_route(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWROUTE) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return MNL_CB_OK;
  const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  const bool is_default = header->rtm_dst_len == 0 && header->rtm_table == RT_TABLE_MAIN &&
                          header->rtm_type == RTN_UNICAST;
  if (!is_default) return MNL_CB_OK;
  return mnl_attr_parse(message, sizeof(rtmsg), take_route_attribute, data);
}

int take_route_type(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(message) >= sizeof(rtmsg)) {
    const auto* header = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
    *static_cast<bool*>(data) = header->rtm_type == RTN_LOCAL;
  }
  return MNL_CB_STOP;
}

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
  const auto asked = netlink->ask(message, "find the way to an address", take_route_type, &here);
  // No way to it, or a prohibited one: not here.
  constexpr std::array kNone = {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EAGAIN, ESRCH};
  if (!asked && std::find(kNone.begin(), kNone.end(), asked.error().os_error) == kNone.end()) {
    return fail(asked.error());
  }
  return here;
}

// NLM_F_DUMP_INTR (libmnl says EINTR): what is listed changed meanwhile, so some may be missing.
template <typename List, typename Ask>
Result<List> ask_until_whole(const Ask& ask) {
  for (int i = 1;; ++i) {
    List list;
    const Result<> asked = ask(list);
    if (asked) return list;
    if (asked.error().os_error != EINTR || i == kAttempts) return fail(asked.error());
  }
}

}  // namespace

Result<std::vector<InterfaceAddress>> list_addresses() {
  using List = std::vector<InterfaceAddress>;
  return ask_until_whole<List>([](List& list) {
    return dump<ifaddrmsg>(RTM_GETADDR, AF_UNSPEC, "list the addresses", take_address, &list);
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
      auto asked = dump<rtmsg>(RTM_GETROUTE, family, "list the routes", take_route, &list);
      if (!asked) return asked;
    }
    return {};
  });
}

}  // namespace apiguard
