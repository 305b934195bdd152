// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/replaceable.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "loader/base/fd.hpp"
#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

struct Flags {
  bool immutable = false;
  bool append_only = false;
  bool mount_root = false;
};

// Not every file system tells statx(2) of its flags.
void add_inode_flags(const std::string& path, Flags& flags) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  int bits = 0;
  if (!fd || ioctl(fd.get(), FS_IOC_GETFLAGS, &bits) != 0) return;
  flags.immutable = flags.immutable || (bits & FS_IMMUTABLE_FL) != 0;
  flags.append_only = flags.append_only || (bits & FS_APPEND_FL) != 0;
}

// All false for what does not exist.
Flags flags_of(const std::string& path) {
  Flags flags;
  struct statx info {};
  if (statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &info) != 0)
    return flags;
  const std::uint64_t set = info.stx_attributes & info.stx_attributes_mask;
  flags.immutable = (set & STATX_ATTR_IMMUTABLE) != 0;
  flags.append_only = (set & STATX_ATTR_APPEND) != 0;
  flags.mount_root = (set & STATX_ATTR_MOUNT_ROOT) != 0;
  if (S_ISREG(info.stx_mode) || S_ISDIR(info.stx_mode)) add_inode_flags(path, flags);
  return flags;
}

tl::unexpected<Error> refuse(std::string_view kind, const std::string& path, std::string_view why,
                             std::string_view advice) {
  return fail(Exit::kFailed, fmt::format("{} '{}': replace: {}; {}", kind, path, why, advice),
              EPERM);
}

Result<> check_flags(std::string_view kind, const std::string& path, const Flags& flags) {
  if (flags.immutable)
    return refuse(kind, path, "it is immutable", fmt::format("chattr -i '{}'", path));
  if (flags.append_only)
    return refuse(kind, path, "it is append-only", fmt::format("chattr -a '{}'", path));
  return {};
}

}  // namespace

Result<> check_replaceable(const std::string& path) {
  const Flags file = flags_of(path);
  if (file.mount_root) {
    return refuse("file", path, "it is a mount of its own (a single file bound there)",
                  fmt::format("mount the directory '{}' instead", folder_of(path)));
  }
  if (Result<> can = check_flags("file", path, file); !can) return can;
  const std::string folder = folder_of(path);
  return check_flags("directory", folder, flags_of(folder));
}

}  // namespace apiguard
