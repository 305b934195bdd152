// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel answers over netlink: whatever the bytes are, nothing is read beyond them, and
// what comes out can be judged by.
#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "loader/host/addresses.hpp"
#include "loader/host/interfaces.hpp"
#include "loader/host/link_events.hpp"
#include "loader/host/neighbours.hpp"
#include "loader/host/netlink_readers.hpp"
#include "loader/host/tcp_sockets.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

using Bytes = std::vector<char>;

// As mnl_cb_run(), which takes a length past 2^31 for a negative one: the kernel sends none.
template <typename Into>
Into read(const Bytes& bytes, mnl_cb_t reader, Into into = {}) {
  for (std::size_t at = 0; bytes.size() - at >= sizeof(nlmsghdr);) {
    const auto* message = reinterpret_cast<const nlmsghdr*>(bytes.data() + at);
    const std::size_t length = message->nlmsg_len;
    if (length < sizeof(nlmsghdr) || length > bytes.size() - at) break;
    if (reader(message, &into) <= MNL_CB_STOP) break;
    at += std::min<std::size_t>(MNL_ALIGN(length), bytes.size() - at);
  }
  return into;
}

void is_address(const Address& address) {
  if (address.family != Family::kIpv4) return;
  for (std::size_t i = 4; i < address.bytes.size(); ++i)
    must(address.bytes[i] == 0, "nothing stands behind the bytes of IPv4");
}

void reads_addresses(const Bytes& bytes) {
  for (const auto& own : read<std::vector<InterfaceAddress>>(bytes, read_address)) {
    is_address(own.address);
    must(own.length <= max_length(own.address.family), "a subnet is no longer than an address");
    must(covers(prefix_around(own.address, own.length), own.address), "it is in its subnet");
  }
}

void reads_routes(const Bytes& bytes) {
  static_cast<void>(read<std::set<int>>(bytes, read_default_route));
  static_cast<void>(read<bool>(bytes, read_is_local));
  static_cast<void>(read<int>(bytes, read_way));
  const auto hops = read<std::vector<RouteHop>>(bytes, read_hops);
  const Neighbours neighbours(hops);
  for (const RouteHop& hop : hops) {
    is_address(hop.to.address);
    must(hop.to.length <= max_length(hop.to.address.family), "a route has a length of its family");
    if (hop.gateway) is_address(*hop.gateway);
    static_cast<void>(neighbours.interfaces_of(hop.to.address));
    if (hop.local && hop.to.length > 0 && hop.to == prefix_around(hop.to.address, hop.to.length))
      must(neighbours.is_own(hop.to.address), "what is delivered here is an own address");
  }
}

// The selection itself, which sees every interface with every other, has a test of its own.
constexpr std::size_t kMostLinks = 50;

void reads_links(const Bytes& bytes) {
  auto links = read<std::vector<Interface>>(bytes, read_link);
  for (const Interface& link : links) {
    must(link.name.find('\0') == std::string::npos, "a name ends where it ends");
    for (const std::string& name : link.altnames) must(!name.empty(), "another name is a name");
  }
  if (links.size() > kMostLinks) links.resize(kMostLinks);
  const Selection selection = select_interfaces(links, {"*"});
  must(selection.interfaces.size() <= links.size(), "none is selected twice");
  for (const Interface& link : links) static_cast<void>(layers_below(links, link));
}

void reads_notices(const Bytes& bytes) {
  for (const auto& [number, names] : read<LinkEvents::News>(bytes, read_notice).there)
    must(!names.empty() && !names.front().empty(), "what is there has a name");
}

void reads_sockets(const Bytes& bytes) {
  const std::function<void(const TcpSocket&)> take = [](const TcpSocket& socket) {
    is_address(socket.peer);
    is_address(socket.local);
  };
  static_cast<void>(read(bytes, read_socket, take));
}

void reads_tracked(const Bytes& bytes) {
  const std::vector<Endpoint> endpoints{{std::nullopt, 6443},
                                        {parse_address("192.0.2.1").value(), 443}};
  for (const auto& [source, count] : read(bytes, read_tracked, Answered{endpoints, {}}).sources) {
    is_address(source);
    must(count > 0, "whoever is known has a connection");
  }
}

}  // namespace

// As much memory as there are bytes, so that reading one more is found.
void run(std::string_view input) {
  const Bytes bytes(input.begin(), input.end());
  reads_addresses(bytes);
  reads_routes(bytes);
  reads_links(bytes);
  reads_notices(bytes);
  reads_sockets(bytes);
  reads_tracked(bytes);
}

}  // namespace apiguard::fuzz
