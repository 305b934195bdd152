// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/netlink.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "loader/host/files.hpp"

namespace apiguard {
namespace {

// The kernel fills what it is given up to 32 KiB; less than that and a link with many attributes is
// lost.
constexpr std::size_t kBuffer = 65536;

}  // namespace

Netlink::Netlink(std::unique_ptr<mnl_socket, Close> socket, std::string_view name)
    : socket_(std::move(socket)), name_(name), buffer_(kBuffer) {}

Result<Netlink> Netlink::open(int protocol, std::string_view name) {
  std::unique_ptr<mnl_socket, Close> socket(mnl_socket_open2(protocol, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
    const int os_error = errno;
    return fail_os("netlink", name, "open", os_error);
  }
  return Netlink(std::move(socket), name);
}

Result<> Netlink::ask(nlmsghdr* message, std::string_view what, mnl_cb_t take, void* data) {
  message->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) {
    const int os_error = errno;
    return fail_os("netlink", name_, std::string("ask to ") + std::string(what), os_error);
  }
  return receive(what, take, data);
}

// An answer in one message has no end of its own: the callback says MNL_CB_STOP.
Result<> Netlink::receive(std::string_view what, mnl_cb_t take, void* data) {
  int state = MNL_CB_OK;
  while (state > MNL_CB_STOP) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
    const int os_error = errno;
    if (got < 0 && os_error == EINTR) continue;
    if (got < 0) return fail_os("netlink", name_, "receive", os_error);
    state = mnl_cb_run(buffer_.data(), static_cast<std::size_t>(got), sequence_,
                       mnl_socket_get_portid(socket_.get()), take, data);
    const int run_error = errno;
    if (state < 0) return fail_os("netlink", name_, what, run_error);
  }
  return {};
}

std::optional<Address> address_in(const nlattr* attribute, Family family) {
  const std::size_t size = max_length(family) / 8U;
  if (mnl_attr_get_payload_len(attribute) != size) return std::nullopt;
  Address address;
  address.family = family;
  std::copy_n(static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute)), size,
              address.bytes.begin());
  return address;
}

std::optional<Family> family_of(unsigned number) {
  if (number == AF_INET) return Family::kIpv4;
  if (number == AF_INET6) return Family::kIpv6;
  return std::nullopt;
}

}  // namespace apiguard
