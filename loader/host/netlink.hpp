// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One question to the kernel over netlink (libmnl) and its answer. Private to this room.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

class Netlink {
 public:
  // `protocol` is NETLINK_*, `name` what messages call it.
  [[nodiscard]] static Result<Netlink> open(int protocol, std::string_view name);

  // Sends a message and hands every part of its answer to the callback. The error has the errno of
  // the socket or the one that the kernel answered with.
  [[nodiscard]] Result<> ask(nlmsghdr* message, std::string_view what, mnl_cb_t take, void* data);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };

  Netlink(std::unique_ptr<mnl_socket, Close> socket, std::string_view name);
  [[nodiscard]] Result<> receive(std::string_view what, mnl_cb_t take, void* data);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::string name_;
  std::vector<char> buffer_;
  std::uint32_t sequence_ = 0;
};

// All there is of a sort, over rtnetlink; `type` is RTM_GET*. Header begins with its family, as
// those of addresses, links and routes do. `complete` may add attributes. Each time by a new
// socket: what is left of an interrupted answer goes with the old one.
template <typename Header>
[[nodiscard]] Result<> dump(
    std::uint16_t type, std::uint8_t family, std::string_view what, mnl_cb_t take, void* data,
    void (*complete)(nlmsghdr*) = [](nlmsghdr*) {}) {
  Result<Netlink> netlink = Netlink::open(NETLINK_ROUTE, "route");
  if (!netlink) return fail(netlink.error());
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  auto* header = static_cast<Header*>(mnl_nlmsg_put_extra_header(message, sizeof(Header)));
  *reinterpret_cast<std::uint8_t*>(header) = family;
  complete(message);
  return netlink->ask(message, what, take, data);
}

// Asks again where what is listed changed meanwhile, so that some may be missing (NLM_F_DUMP_INTR,
// of which libmnl says EINTR).
template <typename List, typename Ask>
[[nodiscard]] Result<List> ask_until_whole(const Ask& ask) {
  constexpr int kAttempts = 20;
  for (int i = 1;; ++i) {
    List list{};
    const Result<> asked = ask(list);
    if (asked) return list;
    if (asked.error().os_error != EINTR || i == kAttempts) return fail(asked.error());
  }
}

// ---- attributes

[[nodiscard]] inline std::uint32_t number_of(const nlattr* attribute) {
  return mnl_attr_validate(attribute, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(attribute);
}

// None: it is not as long as an address of that family.
[[nodiscard]] std::optional<Address> address_in(const nlattr* attribute, Family family);
// None: AF_* is another one.
[[nodiscard]] std::optional<Family> family_of(unsigned number);

// Hands over each hop of RTA_MULTIPATH. RTNH_OK reads how long a hop is before it asks whether that
// much is left.
template <typename Take>
void each_hop(const nlattr* attribute, const Take& take) {
  const auto* hop = static_cast<const rtnexthop*>(mnl_attr_get_payload(attribute));
  int left = mnl_attr_get_payload_len(attribute);
  while (left >= static_cast<int>(sizeof(rtnexthop)) && RTNH_OK(hop, left)) {
    take(hop);
    left -= RTNH_ALIGN(hop->rtnh_len);
    hop = RTNH_NEXT(hop);
  }
}

}  // namespace apiguard
