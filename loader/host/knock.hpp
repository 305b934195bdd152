// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where the SSH session comes from in which we run (`lease --from-ssh`). SSH_CONNECTION says it,
// and whoever may run us through sudo or su can set it to anything. So it is believed only where
//
//   * the kernel has exactly that connection established, and root listens where it came in;
//   * the nearest sshd of root among our ancestors holds its socket. A socket can be handed to
//     sudo, su or another program that users may start as root, but not to sshd. PID 1 does not
//     count: it adopts the processes of everybody, and under socket activation holds connections;
//   * everything above that sshd is root's, up to PID 1. Ancestors outside of our PID namespace
//     cannot be seen, so they do not count as root's.
//
// So an address is proven to be that of the session itself. Not that of another session, not that
// of a connection that the caller opened, and not that of a session that has ended.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/processes.hpp"
#include "loader/host/tcp_sockets.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// The address of the client, IPv4 where sshd has it as ::ffff:a.b.c.d. `connection` is the value of
// SSH_CONNECTION, null if it is not set. What is read is read once and nothing stays open: when the
// caller goes on the connection may have ended. The caller checks `pods` and the roof.
// Exit::kUsage: SSH_CONNECTION is not set or not what sshd writes. Exit::kNo: it is not believed,
// or its source can be no lease: an address of this host, loopback, link-local, with a zone,
// multicast, unspecified. Others: the kernel or /proc could not be asked.
[[nodiscard]] Result<Address> proven_ssh_source(const char* connection);

// ---- pure parts, in the order in which they are asked

struct SshConnection {
  Address client;
  std::uint16_t client_port = 0;
  Address server;
  std::uint16_t server_port = 0;
  // the client's address had one: fe80::1%eth0
  bool zone = false;
};

// "CLIENT PORT SERVER PORT", ssh(1) under ENVIRONMENT.
[[nodiscard]] Result<SshConnection> parse_ssh_connection(std::string_view text);

// `own`: the source is an address of this host.
[[nodiscard]] Result<> check_source(const SshConnection& connection, bool own);

// `established` and `listening`: sockets in that state, among them all that could be the right
// ones. Returns the inodes of the connection, of which there are several only where several
// interfaces have networks of their own.
[[nodiscard]] Result<std::vector<std::uint64_t>> find_sockets(
    const SshConnection& connection, const std::vector<TcpSocket>& established,
    const std::vector<TcpSocket>& listening);

// `ancestors`: the nearest first (read_ancestors).
[[nodiscard]] Result<> check_ancestors(const SshConnection& connection,
                                       const std::vector<std::uint64_t>& sockets,
                                       const std::vector<Process>& ancestors);

}  // namespace apiguard
