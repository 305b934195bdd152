// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/peers.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <string_view>
#include <tuple>

#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"
#include "loader/host/tcp_sockets.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard {
namespace {

// ---- sockets

// The synchronised states of RFC 9293, section 3.3.2, without TIME-WAIT, where nothing is left to
// cut.
constexpr std::uint32_t kStates = 1U << TCP_ESTABLISHED | 1U << TCP_FIN_WAIT1 |
                                  1U << TCP_FIN_WAIT2 | 1U << TCP_CLOSE_WAIT | 1U << TCP_LAST_ACK |
                                  1U << TCP_CLOSING;

// With one port the kernel leaves out all others by itself.
std::uint16_t only_port(const std::vector<Endpoint>& endpoints) {
  const std::uint16_t port = endpoints.empty() ? std::uint16_t{0} : endpoints.front().port;
  const bool only = std::all_of(endpoints.begin(), endpoints.end(),
                                [&](const Endpoint& endpoint) { return endpoint.port == port; });
  return only ? port : std::uint16_t{0};
}

// ---- ways back

// The source counts as well: rules may send what comes from one address by a table of its own.
auto way_of(const Connection& connection) {
  return std::tie(connection.peer, connection.local, connection.bound);
}

struct BySameWay {
  bool operator()(const Connection* a, const Connection* b) const {
    return way_of(*a) < way_of(*b);
  }
};

int take_route_attribute(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == RTA_OIF) {
    *static_cast<int*>(data) = static_cast<int>(number_of(attribute));
  }
  return MNL_CB_OK;
}

}  // namespace

int read_way(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(message) >= sizeof(rtmsg)) {
    mnl_attr_parse(message, sizeof(rtmsg), take_route_attribute, data);
  }
  return MNL_CB_STOP;
}

namespace {

// No way, an unreachable, prohibited or blackhole one; a local address or device that is gone.
bool is_no_way(int os_error) {
  constexpr std::array kNone = {ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EAGAIN, ESRCH, ENODEV};
  return std::find(kNone.begin(), kNone.end(), os_error) != kNone.end();
}

Result<int> interface_to(Netlink& netlink, const Connection& connection) {
  const bool ipv4 = connection.peer.family == Family::kIpv4;
  const std::uint8_t bits = max_length(connection.peer.family);
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = RTM_GETROUTE;
  message->nlmsg_flags = NLM_F_REQUEST;
  auto* header = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(rtmsg)));
  header->rtm_family = ipv4 ? AF_INET : AF_INET6;
  header->rtm_dst_len = bits;
  header->rtm_src_len = bits;
  mnl_attr_put(message, RTA_DST, bits / 8U, connection.peer.bytes.data());
  mnl_attr_put(message, RTA_SRC, bits / 8U, connection.local.bytes.data());
  if (connection.bound != 0) {
    mnl_attr_put_u32(message, RTA_OIF, static_cast<std::uint32_t>(connection.bound));
  }
  int interface = 0;
  const auto asked = netlink.ask(message, "find the route to a peer", read_way, &interface);
  if (!asked && !is_no_way(asked.error().os_error)) return fail(asked.error());
  return interface;
}

Result<std::vector<Connection>> list(const std::vector<Endpoint>& endpoints, bool quiet) {
  std::vector<Connection> connections;
  const auto take = [&](const TcpSocket& socket) {
    if (!protects(endpoints, socket.local, socket.port)) return;
    Connection& connection = connections.emplace_back();
    connection.peer = socket.peer;
    connection.local = socket.local;
    connection.port = socket.port;
    connection.bound = socket.bound;
    connection.quiet = socket.quiet;
  };
  const TcpQuestion question{kStates, only_port(endpoints), 0, quiet};
  if (auto listed = list_tcp_sockets(question, take); !listed) return fail(listed.error());
  return connections;
}

}  // namespace

Result<std::vector<Connection>> list_connections(const std::vector<Endpoint>& endpoints) {
  return list(endpoints, false);
}

Result<std::vector<Connection>> list_heard_connections(const std::vector<Endpoint>& endpoints) {
  return list(endpoints, true);
}

Result<> find_interfaces(std::vector<Connection>& connections) {
  if (connections.empty()) return {};
  auto netlink = Netlink::open(NETLINK_ROUTE, "route");
  if (!netlink) return fail(netlink.error());
  std::map<const Connection*, int, BySameWay> known;
  for (Connection& connection : connections) {
    const auto [at, is_new] = known.try_emplace(&connection, 0);
    if (is_new) {
      auto interface = interface_to(*netlink, connection);
      if (!interface) return fail(interface.error());
      at->second = *interface;
    }
    connection.interface = at->second;
  }
  return {};
}

}  // namespace apiguard
