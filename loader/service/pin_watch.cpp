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

#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"

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

PinWatch::PinWatch(std::string directory)
    : fd_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), directory_(std::move(directory)) {
  if (!fd_) unwatched_ = fail_os("pin", directory_, "watch", errno).value();
  arm();
}

// A folder that is not there cannot be watched, and need not be.
int PinWatch::watch(const std::string& folder) {
  const int number = fd_ ? inotify_add_watch(fd_.get(), folder.c_str(), kEvents) : -1;
  if (fd_ && number < 0 && errno != ENOENT && errno != ENOTDIR)
    unwatched_ = fail_os("pin", folder, "watch", errno).value();
  return number;
}

std::vector<std::string> PinWatch::folders() const {
  const std::string generations = directory_ + "/generations";
  std::vector<std::string> folders{directory_, directory_ + "/links", generations};
  const auto names = list_directory(generations);
  if (!names) return folders;
  for (const std::string& name : *names) folders.push_back(fmt::format("{}/{}", generations, name));
  return folders;
}

// Times of folders would be cheaper, but a change in the same tick of the clock is not seen by
// them.
std::string PinWatch::names() const {
  std::string all;
  for (const std::string& folder : folders()) {
    all += folder + "\n";
    const auto names = list_directory(folder);
    if (names) all += fmt::format("{}\n", fmt::join(*names, "/"));
  }
  return all;
}

// A folder that is watched already keeps its watch; that of one that is gone went with it.
void PinWatch::arm() {
  if (fd_) unwatched_.reset();
  identity_ = identity();
  parent_ = watch(folder_of(directory_));
  for (const std::string& folder : folders()) (void)watch(folder);
  names_ = unwatched_ ? names() : "";
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

bool PinWatch::moved() const {
  return identity() != identity_ || (unwatched_ && names() != names_);
}

}  // namespace apiguard::service
