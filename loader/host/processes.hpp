// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The processes above this one, read from /proc. Private to this room but for its tests.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"

namespace apiguard {

struct Process {
  int pid = 0;
  // 0: none (PID 1), or one outside of our PID namespace
  int parent = 0;
  // its real, effective, saved and filesystem uid are 0
  bool of_root = false;
  // Runs OpenSSH's sshd (is_sshd). Looked at where the process is root's and no sshd was met below.
  bool sshd = false;
  // inodes of those that it holds; read of an sshd alone
  std::vector<std::uint64_t> sockets;
};

inline constexpr std::size_t kMostAncestors = 64;

// The nearest first, from `parent` up to the first that has no parent here. Each is looked up once.
// Exit::kNo: there are more than kMostAncestors, which is also how a circle ends.
[[nodiscard]] Result<std::vector<Process>> walk_up(
    int parent, const std::function<Result<Process>(int pid)>& look_up);

// The ancestors of this process. It takes CAP_SYS_PTRACE to see what sshd holds. A PID can become
// another process between two looks, so the line is read twice and has to be the same: a parent
// that is still the parent has been the same process all the time. Exit::kNo: it changed again and
// again. Exit::kFailed: /proc cannot be read or shows another PID namespace.
[[nodiscard]] Result<std::vector<Process>> read_ancestors();

// ---- pure parts

// PPid and the four uids of /proc/PID/status.
struct Status {
  int parent = 0;
  bool of_root = false;
};
[[nodiscard]] Result<Status> parse_status(std::string_view text);

// `path` as /proc/PID/exe shows it, " (deleted)" behind a file that was replaced by an upgrade. The
// file has to be root's, writable by nobody else and not set-user-ID: what users can start as root
// could be handed any socket. sshd has the connection up to OpenSSH 9.7, sshd-session since 9.8.
[[nodiscard]] bool is_sshd(std::string_view path, uid_t owner, mode_t mode);

}  // namespace apiguard
