// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/pin_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "loader/host/files.hpp"
#include "loader/host/paths.hpp"

namespace apiguard::service {
namespace {

constexpr std::uint32_t kEvents = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

std::pair<std::uint64_t, std::uint64_t> inode_of(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {0, 0};
  return {info.st_dev, info.st_ino};
}

}  // namespace

PinWatch::PinWatch(Fd fd, std::string directory)
    : fd_(std::move(fd)), directory_(std::move(directory)), identity_(identity()) {}

Result<PinWatch> PinWatch::open(std::string directory) {
  Fd fd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) return fail_os("pin", directory, "watch", errno);
  PinWatch watch(std::move(fd), std::move(directory));
  watch.arm();
  return watch;
}

int PinWatch::watch(const std::string& folder) const {
  return inotify_add_watch(fd_.get(), folder.c_str(), kEvents);
}

// A folder that is watched already keeps its watch; that of one that is gone went with it.
void PinWatch::arm() {
  identity_ = identity();
  parent_ = watch(folder_of(directory_));
  (void)watch(directory_);
  (void)watch(directory_ + "/links");
  const std::string generations = directory_ + "/generations";
  (void)watch(generations);
  const auto names = list_directory(generations);
  if (!names) return;
  for (const std::string& name : *names) (void)watch(fmt::format("{}/{}", generations, name));
}

bool PinWatch::drain() {
  bool ours = false;
  alignas(inotify_event) std::array<char, 8192> buffer{};
  while (true) {
    const ssize_t got = read(fd_.get(), buffer.data(), buffer.size());
    if (got <= 0) return ours;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, &buffer[at], sizeof(event));
      const char* name = event.len == 0 ? "" : &buffer[at + sizeof(event)];
      ours = ours || event.wd != parent_ || base_of(directory_) == name ||
             (event.mask & (IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED)) != 0;
      at += sizeof(event) + event.len;
    }
  }
}

PinWatch::Identity PinWatch::identity() const {
  const auto [device, inode] = inode_of(directory_);
  const auto [parent_device, parent_inode] = inode_of(folder_of(directory_));
  return {device, inode, parent_device, parent_inode};
}

bool PinWatch::moved() const { return identity() != identity_; }

}  // namespace apiguard::service
