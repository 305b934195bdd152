// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/link_events.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "loader/host/files.hpp"

namespace apiguard {

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

// ENOBUFS says that notices were lost, which is as good as one that came.
void LinkEvents::drain() const {
  std::array<char, 8192> buffer{};
  while (true) {
    const ssize_t got = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno != ENOBUFS && errno != EINTR) return;
    if (got == 0) return;
  }
}

}  // namespace apiguard
