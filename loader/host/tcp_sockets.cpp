// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/tcp_sockets.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "loader/base/time.hpp"
#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"

namespace apiguard {
namespace {

using Take = std::function<void(const TcpSocket&)>;

Address address_of(std::uint8_t family, const __be32* words) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), words, bytes.size());
  Address address;
  if (family == AF_INET) {
    std::copy_n(bytes.begin(), 4, address.bytes.begin());
  } else if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    std::copy_n(bytes.begin() + kMapped.size(), 4, address.bytes.begin());
  } else {
    address = {Family::kIpv6, bytes};
  }
  return address;
}

// The kernel says whether it takes IPv4 of sockets of IPv6 that listen. Times of tcp_info are
// milliseconds.
int take_attribute(const nlattr* attribute, void* data) {
  TcpSocket& socket = *static_cast<TcpSocket*>(data);
  const std::uint16_t type = mnl_attr_get_type(attribute);
  if (type == INET_DIAG_SKV6ONLY && mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0)
    socket.v6only = mnl_attr_get_u8(attribute) != 0;
  tcp_info info{};
  constexpr std::size_t kWanted = offsetof(tcp_info, tcpi_last_ack_recv) + sizeof(std::uint32_t);
  if (type != INET_DIAG_INFO || mnl_attr_get_payload_len(attribute) < kWanted) return MNL_CB_OK;
  std::memcpy(&info, mnl_attr_get_payload(attribute), kWanted);
  socket.quiet =
      std::chrono::milliseconds(std::min(info.tcpi_last_data_recv, info.tcpi_last_ack_recv));
  return MNL_CB_OK;
}

}  // namespace

int read_socket(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) return MNL_CB_OK;
  const auto* found = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
  TcpSocket socket;
  socket.peer = address_of(found->idiag_family, found->id.idiag_dst);
  socket.local = address_of(found->idiag_family, found->id.idiag_src);
  socket.peer_port = ntohs(found->id.idiag_dport);
  socket.port = ntohs(found->id.idiag_sport);
  socket.bound = static_cast<int>(found->id.idiag_if);
  socket.inode = found->idiag_inode;
  socket.uid = found->idiag_uid;
  mnl_attr_parse(message, sizeof(inet_diag_msg), take_attribute, &socket);
  (*static_cast<const Take*>(data))(socket);
  return MNL_CB_OK;
}

namespace {

Result<> take_family(Netlink& netlink, std::uint8_t family, const TcpQuestion& question,
                     Take& take) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* request =
      static_cast<inet_diag_req_v2*>(mnl_nlmsg_put_extra_header(message, sizeof(inet_diag_req_v2)));
  request->sdiag_family = family;
  request->sdiag_protocol = IPPROTO_TCP;
  request->idiag_states = question.states;
  if (question.quiet) request->idiag_ext = 1U << (INET_DIAG_INFO - 1);
  request->id.idiag_sport = htons(question.port);
  request->id.idiag_dport = htons(question.peer_port);
  return netlink.ask(message, "list the connections", read_socket, &take);
}

Error describe_failure(Error error) {
  constexpr std::array kAbsent = {ENOENT, EPROTONOSUPPORT, EAFNOSUPPORT, EOPNOTSUPP};
  if (std::find(kAbsent.begin(), kAbsent.end(), error.os_error) != kAbsent.end()) {
    error.exit = Exit::kUnsupported;
  }
  return error;
}

}  // namespace

Result<> list_tcp_sockets(const TcpQuestion& question, const Take& take) {
  auto netlink = Netlink::open(NETLINK_SOCK_DIAG, "sock_diag");
  if (!netlink) return fail(describe_failure(netlink.error()));
  Take taking = take;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    if (auto taken = take_family(*netlink, family, question, taking); !taken) {
      return fail(describe_failure(taken.error()));
    }
  }
  return {};
}

}  // namespace apiguard
