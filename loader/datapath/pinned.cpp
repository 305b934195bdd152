// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/pinned.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

constexpr std::string_view kAside = "aside-";
constexpr int kMostAside = 16;

enum class Object { kMap, kProgram, kLink, kUnknown };

// bpf(2) does not say of a descriptor what it is of; /proc does: "anon_inode:bpf-map".
Object object_behind(int fd) {
  std::array<char, 64> target{};
  const std::string path = fmt::format("/proc/self/fd/{}", fd);
  const ssize_t length = readlink(path.c_str(), target.data(), target.size());
  if (length < 0) return Object::kUnknown;
  const std::string_view name(target.data(), static_cast<std::size_t>(length));
  if (name.find("bpf-map") != std::string_view::npos) return Object::kMap;
  if (name.find("bpf-prog") != std::string_view::npos) return Object::kProgram;
  return name.find("bpf") != std::string_view::npos ? Object::kLink : Object::kUnknown;
}

// The kernel gives out a link for writing alone.
bool is_link(const std::string& path) {
  const auto fd = open_pinned_for_writing(path);
  return fd && object_behind(fd->get()) == Object::kLink;
}

Pinned other(std::string why) { return {Pinned::Kind::kOther, Fd(), std::move(why), 0}; }

Pinned denied(std::string_view what, int error) {
  return {Pinned::Kind::kOther, Fd(), fmt::format("cannot be {}: {}", what, std::strerror(error)),
          error};
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

// False: there is no name left.
bool free_name_aside(const std::string& path, std::string& aside) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (int i = 1; i <= kMostAside; ++i) {
    aside = fmt::format("{}/{}{}-{}", parent_of(path), kAside, name, i);
    struct stat info {};
    if (lstat(aside.c_str(), &info) != 0 && errno == ENOENT) return true;
  }
  return false;
}

Result<std::string> move_aside(const std::string& path) {
  std::string aside;
  if (!free_name_aside(path, aside))
    return kernel_error("pin '" + path + "'", "move aside", EEXIST);
  if (rename(path.c_str(), aside.c_str()) != 0)
    return kernel_error("pin '" + path + "'", "move aside", errno);
  return aside;
}

bool is_to_be_kept(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || S_ISLNK(info.st_mode)) return false;
  return S_ISDIR(info.st_mode) || is_link(path);
}

}  // namespace

Pinned look_at_pin(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return denied("looked at", errno);
  }
  if (S_ISDIR(info.st_mode)) return other("is a directory");
  auto fd = open_pinned(path);
  if (!fd && S_ISLNK(info.st_mode)) return other("is a link that leads to no map");
  if (!fd && is_link(path)) return other("holds a BPF link");
  if (!fd) return denied("opened", fd.error().os_error);
  const Object object = object_behind(fd->get());
  if (object == Object::kProgram) return other("holds a program");
  if (object == Object::kLink) return other("holds a BPF link");
  return {Pinned::Kind::kMap, std::move(*fd), {}, 0};
}

std::uint32_t map_id_at(const std::string& path) {
  const Pinned pinned = look_at_pin(path);
  return pinned.kind == Pinned::Kind::kMap ? map_id(pinned.fd.get()).value_or(0) : 0;
}

bool is_aside(std::string_view name) { return name.starts_with(kAside); }

// Pinning over a pin is refused, renaming over it is not: at no moment is the name free.
Result<std::string> pin_over(int fd, const std::string& path) {
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  auto pinned = pin_object(fd, path);
  if (pinned) return std::string();
  if (pinned.error().os_error != EEXIST) return fail(pinned.error());
  const std::string fresh = path + "-new";
  if (unlink(fresh.c_str()) != 0 && errno != ENOENT) {
    if (auto moved = move_aside(fresh); !moved) return fail(moved.error());
  }
  if (auto again = pin_object(fd, fresh); !again) return fail(again.error());
  std::string aside;
  if (is_to_be_kept(path)) {
    auto moved = move_aside(path);
    if (!moved) return fail(moved.error());
    aside = std::move(*moved);
  }
  if (rename(fresh.c_str(), path.c_str()) != 0)
    return kernel_error("pin '" + fresh + "'", "rename", errno);
  return aside;
}

}  // namespace apiguard::datapath
