// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/owner.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "loader/base/fd.hpp"
#include "loader/base/paths.hpp"

namespace apiguard {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

struct CloseDirectory {
  void operator()(DIR* stream) const { closedir(stream); }
};

bool is_ours(const struct stat& info) { return info.st_uid == 0 || info.st_uid == geteuid(); }

std::string_view kind_of(const struct stat& info) {
  return S_ISDIR(info.st_mode) ? "directory" : S_ISLNK(info.st_mode) ? "link" : "file";
}

std::string owned_by_another(const struct stat& info, const std::string& path) {
  return fmt::format(
      "{0} '{1}': check owner: it belongs to uid {2}, neither to root nor to the caller: not "
      "trusted; check its contents, then: chown -hR root '{1}'",
      kind_of(info), path, info.st_uid);
}

std::string written_by_others(const struct stat& info, const std::string& path) {
  return fmt::format(
      "{0} '{1}': check mode: {2:04o} lets others write it: not trusted; chmod go-w '{1}'",
      kind_of(info), path, info.st_mode & 07777);
}

// ---- the folders above: not ours to change

std::string replaced_by_another(const struct stat& info, const std::string& path) {
  return fmt::format(
      "{0} '{1}': check owner: it belongs to uid {2}, which can replace its target: not trusted; "
      "chown -h root '{1}'",
      kind_of(info), path, info.st_uid);
}

// Who can write a folder without the sticky bit renames what lies in it, whoever owns that; who
// owns a folder or a link does as well.
std::optional<std::string> replaceable_through(const std::string& parent) {
  struct stat link {};
  struct stat info {};
  if (lstat(parent.c_str(), &link) != 0 || stat(parent.c_str(), &info) != 0) {
    return std::nullopt;  // then it cannot be used either
  }
  if (!is_ours(link)) return replaced_by_another(link, parent);
  if (!is_ours(info)) return replaced_by_another(info, parent);
  const bool open = (info.st_mode & kOthersWrite) != 0 && (info.st_mode & S_ISVTX) == 0;
  return open ? std::optional(written_by_others(info, parent)) : std::nullopt;
}

void look_above(std::string path, Ownership& found) {
  for (std::string parent = folder_of(path); parent != path; parent = folder_of(path)) {
    if (auto why = replaceable_through(parent)) {
      found.foreign.push_back(std::move(*why));
      found.above = true;
      return;
    }
    path = parent;
    if (parent == ".") return;
  }
}

// ---- the folder and what is in it

// What a folder of ours should have: nobody else writes, and its owner can use it.
mode_t wanted_mode(const struct stat& info) {
  const mode_t mode = info.st_mode & 07777 & ~kOthersWrite;
  return S_ISDIR(info.st_mode) ? mode | S_IRWXU : mode;
}

// Where a link of ours leads to is looked at as well, and left alone.
void look_through_link(int folder, const std::string& name, const std::string& path,
                       Ownership& found) {
  struct stat target {};
  if (fstatat(folder, name.c_str(), &target, 0) != 0) return;  // leads nowhere: nothing is read
  if (!is_ours(target)) found.foreign.push_back(owned_by_another(target, path));
  if (is_ours(target) && (target.st_mode & kOthersWrite) != 0 && !S_ISCHR(target.st_mode))
    found.foreign.push_back(written_by_others(target, path));
}

// False: not believed, and not to be entered. `name` in an open folder that nobody else can write
// by now.
bool settle_mode(int folder, const std::string& name, const std::string& path,
                 const struct stat& info, Ownership& found) {
  if (!is_ours(info)) {
    found.foreign.push_back(owned_by_another(info, path));
    return false;
  }
  const mode_t wanted = wanted_mode(info);
  if (wanted == (info.st_mode & 07777)) return true;
  const bool too_open = (info.st_mode & kOthersWrite) != 0;
  if (fchmodat(folder, name.c_str(), wanted, 0) != 0) {
    const std::string reason = std::generic_category().message(errno);
    if (too_open) found.foreign.push_back(written_by_others(info, path) + " (" + reason + ")");
    return !too_open;
  }
  found.closed.push_back(
      fmt::format("{} '{}': {}: its mode was {:04o} and is {:04o}", kind_of(info), path,
                  too_open ? "others could write it" : "its owner could not use it",
                  info.st_mode & 07777, wanted));
  return true;
}

void look_at_entry(int folder, const std::string& name, const std::string& path, Ownership& found);

// What is merely remembered stops no change: who reads these files looks at their owner
// (expendable_file.hpp), and begins them anew. What bears such a name among pins is no file.
bool is_remembered(const std::string& folder, std::string_view name) {
  struct statfs info {};
  const bool pins =
      statfs(folder.c_str(), &info) == 0 && static_cast<unsigned long>(info.f_type) == BPF_FS_MAGIC;
  return !pins && (name == "used" || name == "seen");
}

void look_inside(int folder, const std::string& path, Ownership& found) {
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;  // not to be read, by nobody of us
  const std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(copy));
  if (!stream) {
    close(copy);
    return;
  }
  while (const dirent* entry = readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == ".." || is_remembered(path, name)) continue;
    look_at_entry(folder, name, fmt::format("{}/{}", path, name), found);
  }
}

void look_at_entry(int folder, const std::string& name, const std::string& path, Ownership& found) {
  struct stat info {};
  if (fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (S_ISLNK(info.st_mode)) {
    if (!is_ours(info)) found.foreign.push_back(owned_by_another(info, path));
    if (is_ours(info)) look_through_link(folder, name, path, found);
    return;
  }
  if (!settle_mode(folder, name, path, info, found) || !S_ISDIR(info.st_mode)) return;
  const Fd inside(openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (inside) look_inside(inside.get(), path, found);
}

}  // namespace

Ownership look_at_owner(const std::string& folder) {
  Ownership found;
  std::string path = folder;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  look_above(path, found);
  struct stat link {};
  if (lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode) && !is_ours(link)) {
    found.foreign.push_back(replaced_by_another(link, path));
  }
  const std::optional<std::string> real = real_path(path);
  if (!found.foreign.empty() || !real) return found;
  if (*real != path) look_above(*real, found);
  const Fd fd(open(real->c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (!found.foreign.empty() || !fd || fstat(fd.get(), &info) != 0) return found;
  if (!settle_mode(fd.get(), ".", folder, info, found)) return found;
  look_inside(fd.get(), folder, found);
  return found;
}

}  // namespace apiguard
