// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/conntrack.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard {
namespace {

// There while something in this namespace tracks connections. The netlink subsystem is not asked
// where it is not: the kernel would load its module for that.
constexpr const char* kTracks = "/proc/sys/net/netfilter/nf_conntrack_count";

struct Tracked {
  Address source;
  Address destination;
  std::uint8_t protocol = 0;
  // of the destination
  std::uint16_t port = 0;
  std::uint32_t status = 0;
};

void take_address(const nlattr* attribute, Family family, Address& to) {
  if (const auto address = address_in(attribute, family)) to = *address;
}

int take_ip(const nlattr* attribute, void* data) {
  Tracked& tracked = *static_cast<Tracked*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == CTA_IP_V4_SRC) take_address(attribute, Family::kIpv4, tracked.source);
  if (type == CTA_IP_V4_DST) take_address(attribute, Family::kIpv4, tracked.destination);
  if (type == CTA_IP_V6_SRC) take_address(attribute, Family::kIpv6, tracked.source);
  if (type == CTA_IP_V6_DST) take_address(attribute, Family::kIpv6, tracked.destination);
  return MNL_CB_OK;
}

int take_protocol(const nlattr* attribute, void* data) {
  Tracked& tracked = *static_cast<Tracked*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == CTA_PROTO_NUM && mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0)
    tracked.protocol = mnl_attr_get_u8(attribute);
  if (type == CTA_PROTO_DST_PORT && mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0)
    tracked.port = ntohs(mnl_attr_get_u16(attribute));
  return MNL_CB_OK;
}

int take_tuple(const nlattr* attribute, void* data) {
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == CTA_TUPLE_IP) return mnl_attr_parse_nested(attribute, take_ip, data);
  if (type == CTA_TUPLE_PROTO) return mnl_attr_parse_nested(attribute, take_protocol, data);
  return MNL_CB_OK;
}

int take_attribute(const nlattr* attribute, void* data) {
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == CTA_TUPLE_ORIG) return mnl_attr_parse_nested(attribute, take_tuple, data);
  if (type == CTA_STATUS) static_cast<Tracked*>(data)->status = ntohl(number_of(attribute));
  return MNL_CB_OK;
}

}  // namespace

// IPS_ASSURED: of TCP, that the handshake was finished by both sides. IPS_SEEN_REPLY would be set
// by a refusal.
int read_tracked(const nlmsghdr* message, void* data) {
  auto& answered = *static_cast<Answered*>(data);
  if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_CTNETLINK) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return MNL_CB_OK;
  Tracked tracked;
  mnl_attr_parse(message, sizeof(nfgenmsg), take_attribute, &tracked);
  if (tracked.protocol != IPPROTO_TCP || (tracked.status & IPS_ASSURED) == 0) return MNL_CB_OK;
  if (protects(answered.endpoints, tracked.destination, tracked.port))
    ++answered.sources[tracked.source];
  return MNL_CB_OK;
}

namespace {

Result<> dump(Answered& answered) {
  auto netlink = Netlink::open(NETLINK_NETFILTER, "netfilter");
  if (!netlink) return fail(netlink.error());
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8U | IPCTNL_MSG_CT_GET;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* header = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  header->nfgen_family = AF_UNSPEC;
  header->version = NFNETLINK_V0;
  return netlink->ask(message, "list the tracked connections", read_tracked, &answered);
}

}  // namespace

Result<std::map<Address, std::uint64_t>> list_answered(const std::vector<Endpoint>& endpoints) {
  if (access(kTracks, R_OK) != 0) return std::map<Address, std::uint64_t>();
  using Sources = std::map<Address, std::uint64_t>;
  return ask_until_whole<Sources>([&](Sources& sources) -> Result<> {
    Answered answered{endpoints, {}};
    if (auto dumped = dump(answered); !dumped) return dumped;
    sources = std::move(answered.sources);
    return {};
  });
}

}  // namespace apiguard
