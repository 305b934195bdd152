// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/processes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string>

#include "loader/base/capabilities.hpp"
#include "loader/base/number.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

constexpr int kAttempts = 5;

std::string folder_of(int pid) { return fmt::format("/proc/{}", pid); }

tl::unexpected<Error> fail_process(int pid, std::string_view what, int os_error) {
  return fail_os("process", std::to_string(pid), what, os_error);
}

// Names of sockets are short; a longer target is the path of a file and cut, which harms nothing.
Result<std::string> read_link(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  const int os_error = errno;
  if (size < 0) return fail_os("link", path, "read", os_error);
  return std::string(target.data(), static_cast<std::size_t>(size));
}

// What follows "NAME:\t" in its line. The kernel escapes newlines in the name of the process.
std::optional<std::string_view> field(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(fmt::format("\n{}:\t", name));
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + name.size() + 3);
  return text.substr(0, text.find('\n'));
}

Result<bool> runs_sshd(int pid) {
  const std::string exe = folder_of(pid) + "/exe";
  const auto path = read_link(exe);
  if (!path) return fail_process(pid, "inspect its program", path.error().os_error);
  struct stat info {};
  const int status = stat(exe.c_str(), &info);
  const int os_error = errno;
  if (status != 0) return fail_process(pid, "inspect its program", os_error);
  return is_sshd(*path, info.st_uid, info.st_mode);
}

std::optional<std::uint64_t> socket_of(std::string_view target) {
  constexpr std::string_view kFront = "socket:[";
  if (!target.starts_with(kFront) || !target.ends_with(']')) return std::nullopt;
  return parse_whole<std::uint64_t>(
      target.substr(kFront.size(), target.size() - kFront.size() - 1));
}

Result<std::vector<std::uint64_t>> read_sockets(int pid) {
  const std::string folder = folder_of(pid) + "/fd";
  const auto names = list_directory(folder);
  if (!names) return fail_process(pid, "inspect its descriptors", names.error().os_error);
  std::vector<std::uint64_t> sockets;
  for (const std::string& name : *names) {
    const auto target = read_link(fmt::format("{}/{}", folder, name));
    if (!target && target.error().os_error == ENOENT) continue;  // closed meanwhile
    if (!target) return fail_process(pid, "inspect its descriptors", target.error().os_error);
    if (const auto socket = socket_of(*target)) sockets.push_back(*socket);
  }
  return sockets;
}

Result<Process> read_process(int pid, bool look_for_sshd) {
  const auto text = read_text(folder_of(pid) + "/status");
  if (!text) return fail_process(pid, "read its status", text.error().os_error);
  const auto status = parse_status(*text);
  if (!status) return fail_in(fmt::format("process '{}'", pid), status.error());
  Process process{pid, status->parent, status->of_root, false, {}};
  if (!process.of_root || !look_for_sshd) return process;
  const auto sshd = runs_sshd(pid);
  if (!sshd) return fail(sshd.error());
  process.sshd = *sshd;
  if (!process.sshd) return process;
  auto sockets = read_sockets(pid);
  if (!sockets) return fail(sockets.error());
  process.sockets = std::move(*sockets);
  return process;
}

// Whatever is read of a PID means nothing if /proc counts them otherwise than we do.
Result<> check_namespace() {
  const auto self = read_link("/proc/self");
  if (!self) return fail(self.error());
  if (*self == std::to_string(getpid())) return {};
  return fail(Exit::kFailed,
              "directory '/proc': find this process: it is in another PID namespace");
}

Result<std::vector<Process>> read_line() {
  const auto self = read_process(getpid(), false);
  if (!self) return fail(self.error());
  bool found = false;
  return walk_up(self->parent, [&found](int pid) {
    auto process = read_process(pid, !found);
    found = found || (process && process->sshd);
    return process;
  });
}

bool same_line(const std::vector<Process>& a, const std::vector<Process>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.pid == other.pid && one.parent == other.parent;
  });
}

bool has_gone(const Error& error) { return error.os_error == ENOENT || error.os_error == ESRCH; }

}  // namespace

Result<std::vector<Process>> walk_up(int parent,
                                     const std::function<Result<Process>(int pid)>& look_up) {
  std::vector<Process> line;
  for (int pid = parent; pid != 0; pid = line.back().parent) {
    if (line.size() == kMostAncestors) {
      return fail(Exit::kNo,
                  fmt::format("this process has more than {} ancestors", kMostAncestors));
    }
    auto process = look_up(pid);
    if (!process) return fail(process.error());
    line.push_back(std::move(*process));
  }
  return line;
}

Result<std::vector<Process>> read_ancestors() {
  if (auto checked = check_namespace(); !checked) return fail(checked.error());
  const capabilities::Raised raised(capabilities::kSysPtrace);
  for (int i = 0; i < kAttempts; ++i) {
    auto line = read_line();
    if (!line && !has_gone(line.error())) return line;
    const auto again = read_line();
    if (line && again && same_line(*line, *again)) return line;
  }
  return fail(Exit::kNo, "the ancestors of this process keep changing");
}

Result<Status> parse_status(std::string_view text) {
  const auto parent = parse_whole<int>(field(text, "PPid").value_or(""));
  const auto uids = field(text, "Uid");
  if (!parent || *parent < 0 || !uids) {
    return fail(Exit::kFailed, "read its status: no PPid or no Uid");
  }
  return Status{*parent, *uids == "0\t0\t0\t0"};
}

bool is_sshd(std::string_view path, uid_t owner, mode_t mode) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name != "sshd" && name != "sshd-session") return false;
  return S_ISREG(mode) && owner == 0 && (mode & (S_ISUID | S_ISGID | S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace apiguard
