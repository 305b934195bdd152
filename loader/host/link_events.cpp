// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/link_events.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "loader/host/files.hpp"
#include "loader/host/netlink_readers.hpp"

namespace apiguard {
namespace {

struct Names {
  std::string kernel;
  std::vector<std::string> others;
};

int take_other_name(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == IFLA_ALT_IFNAME &&
      mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
    static_cast<Names*>(data)->others.emplace_back(mnl_attr_get_str(attribute));
  return MNL_CB_OK;
}

int take_name(const nlattr* attribute, void* data) {
  const auto type = mnl_attr_get_type(attribute);
  if (type == IFLA_PROP_LIST) return mnl_attr_parse_nested(attribute, take_other_name, data);
  if (type == IFLA_IFNAME && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
    static_cast<Names*>(data)->kernel = mnl_attr_get_str(attribute);
  return MNL_CB_OK;
}

}  // namespace

int read_notice(const nlmsghdr* message, void* data) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return MNL_CB_OK;
  ifinfomsg link{};
  std::memcpy(&link, mnl_nlmsg_get_payload(message), sizeof(link));
  auto& news = *static_cast<LinkEvents::News*>(data);
  // That of a bridge about a port that leaves it (AF_BRIDGE) says nothing of the interface.
  if (message->nlmsg_type == RTM_DELLINK && link.ifi_family == AF_UNSPEC) {
    news.gone.insert(link.ifi_index);
    news.there.erase(link.ifi_index);
    return MNL_CB_OK;
  }
  Names names;
  const int parsed = mnl_attr_parse(message, sizeof(ifinfomsg), take_name, &names);
  if (names.kernel.empty()) return parsed;
  names.others.insert(names.others.begin(), std::move(names.kernel));
  news.there[link.ifi_index] = std::move(names.others);
  return parsed;
}

Result<LinkEvents> LinkEvents::open() {
  std::unique_ptr<mnl_socket, Close> socket(
      mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket || mnl_socket_bind(socket.get(), RTMGRP_LINK, MNL_SOCKET_AUTOPID) < 0) {
    const int os_error = errno;
    return fail_os("netlink", "route", "listen to notices about links", os_error);
  }
  return LinkEvents(std::move(socket));
}

int LinkEvents::fd() const { return mnl_socket_get_fd(socket_.get()); }

LinkEvents::News LinkEvents::drain() const {
  News news;
  // As large as a notice may be. What is cut off would be one that is lost.
  alignas(nlmsghdr) std::array<char, 1 << 15> buffer{};
  while (true) {
    const ssize_t got = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got == 0 || (got < 0 && errno != ENOBUFS && errno != EINTR)) return news;
    if (got < 0) {
      news.lost |= errno == ENOBUFS;
    } else if (static_cast<std::size_t>(got) > buffer.size() ||
               mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, 0, read_notice, &news) <
                   MNL_CB_STOP) {
      news.lost = true;
    }
  }
}

}  // namespace apiguard
