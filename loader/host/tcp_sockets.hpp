// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The TCP sockets of the namespace we run in, over sock_diag (libmnl). Private to this room.
#pragma once

#include <netinet/tcp.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "loader/base/result.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

struct TcpSocket {
  // IPv4 where a socket of IPv6 shows it as ::ffff:a.b.c.d
  Address peer;
  // likewise
  Address local;
  // host byte order
  std::uint16_t peer_port = 0;
  // local
  std::uint16_t port = 0;
  // ifindex the socket is bound to, 0: none
  int bound = 0;
  // as in "socket:[INODE]" of /proc/PID/fd, 0: no descriptor
  std::uint32_t inode = 0;
  // who made it, or the socket that it was accepted by
  std::uint32_t uid = 0;
  // Since the last packet of the peer; none: not asked for, or not told.
  std::optional<std::chrono::nanoseconds> quiet = std::nullopt;
  // of a socket of IPv6 that listens: it takes no IPv4
  bool v6only = false;
};

struct TcpQuestion {
  // bits 1 << TCP_ESTABLISHED and so on
  std::uint32_t states = 0;
  // local, 0: any
  std::uint16_t port = 0;
  // 0: any
  std::uint16_t peer_port = 0;
  // TcpSocket::quiet is wanted: the kernel locks each socket for it
  bool quiet = false;
};

// Hands over every socket of both families that fits; the kernel leaves out the others by itself.
// Exit::kUnsupported: a kernel without sock_diag.
[[nodiscard]] Result<> list_tcp_sockets(const TcpQuestion& question,
                                        const std::function<void(const TcpSocket&)>& take);

}  // namespace apiguard
