// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The writing half of files.hpp: what is written is complete on disk before it takes a name.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "loader/base/capabilities.hpp"
#include "loader/base/disbelief.hpp"
#include "loader/base/fd.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"
#include "loader/host/replaceable.hpp"

namespace apiguard {
namespace {

struct Attributes {
  mode_t mode = 0600;
  // none: the caller's
  std::optional<std::pair<uid_t, gid_t>> owner;
};

Result<> write_all(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    const int os_error = errno;
    if (written < 0 && os_error == EINTR) continue;
    if (written < 0) return fail_os("file", path, "write", os_error);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Owner first: chown takes set-id bits away. It is left alone where it is right, because a caller
// without CAP_CHOWN may not set even that.
Result<> set_attributes(int fd, const std::string& path, const Attributes& attributes) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "stat", os_error);
  }
  if (attributes.owner && *attributes.owner != std::pair(info.st_uid, info.st_gid) &&
      fchown(fd, attributes.owner->first, attributes.owner->second) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "set owner", os_error);
  }
  if (fchmod(fd, attributes.mode) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "set mode", os_error);
  }
  return {};
}

Result<> fill(int fd, const std::string& path, const std::string& text,
              const Attributes& attributes) {
  if (Result<> written = write_all(fd, path, text); !written) return written;
  if (Result<> set = set_attributes(fd, path, attributes); !set) return set;
  if (fsync(fd) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "sync", os_error);
  }
  return {};
}

int open_new(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

// What has the name already, a link above all, is removed and never written through.
Result<> create_synced(const std::string& path, const std::string& text,
                       const Attributes& attributes) {
  Fd fd(open_new(path));
  if (!fd && errno == EEXIST && unlink(path.c_str()) == 0) fd = Fd(open_new(path));
  if (!fd) {
    const int os_error = errno;
    return fail_os("file", path, "create", os_error);
  }
  Result<> filled = fill(fd.get(), path, text, attributes);
  if (!filled) unlink(path.c_str());
  return filled;
}

// Of this process, because nothing locks snapshots against each other; a name that no reader of
// "*.prom" or "*.json" takes.
std::string temporary_snapshot_of(const std::string& path) {
  return beside(path, fmt::format(".{}.apiguard-{}", base_of(path), getpid()));
}

Result<> fill_snapshot(Fd fd, const std::string& path, std::string_view text) {
  if (Result<> written = write_all(fd.get(), path, text); !written) return written;
  return set_attributes(fd.get(), path, {0644, std::nullopt});
}

constexpr std::string_view kNew = ".apiguard-new";
constexpr std::string_view kOld = ".apiguard-old-";

// Of this verb alone: the one that overtakes it removes what is called so, whoever is in between.
std::string temporary_of(const std::string& path) {
  return beside(path, fmt::format(".{}{}-{}", base_of(path), kNew, fence::token()));
}

// A folder, which a file to be removed is moved into.
std::string trash_of(const std::string& path) {
  return beside(path, fmt::format(".{}{}{}", base_of(path), kOld, fence::token()));
}

bool is_leftover(std::string_view name) {
  return name.starts_with('.') &&
         (name.find(kNew) != std::string_view::npos || name.find(kOld) != std::string_view::npos);
}

struct Target {
  // no link in it if it exists
  std::string path;
  Attributes attributes;
};

Result<Target> existing_target(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    const int os_error = errno;
    return fail_os("file", path, "stat", os_error);
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(Exit::kFailed, fmt::format("file '{}': replace: it is not a regular file", path));
  }
  return Target{path, {info.st_mode & 07777, std::pair(info.st_uid, info.st_gid)}};
}

Result<Target> resolve_target(const std::string& path, unsigned mode) {
  const std::optional<std::string> real = real_path(path);
  const int os_error = errno;
  if (real) return existing_target(*real);
  if (os_error != ENOENT) return fail_os("file", path, "resolve", os_error);
  struct stat link {};
  if (lstat(path.c_str(), &link) == 0) {
    return fail(
        Exit::kFailed,
        fmt::format("file '{}': resolve: a symbolic link to a file that does not exist; create "
                    "that file or remove the link",
                    path),
        os_error);
  }
  return Target{path, {mode, std::nullopt}};
}

}  // namespace

Replacement::Replacement(std::string path, std::string temporary)
    : path_(std::move(path)), temporary_(std::move(temporary)) {}

Replacement::Replacement(Replacement&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      removes_(std::exchange(other.removes_, false)) {}

Replacement& Replacement::operator=(Replacement&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(removes_, other.removes_);
  return *this;
}

Replacement::~Replacement() {
  if (temporary_.empty()) return;
  const capabilities::Raised raised(capabilities::kAnyFile);
  unlink(temporary_.c_str());
}

Result<Replacement> Replacement::prepare(const std::string& path, const std::string& text,
                                         unsigned mode) {
  if (Result<> believed = disbelief::check(path); !believed) return fail(believed.error());
  if (Result<> ours = fence::check(); !ours) return fail(ours.error());
  const capabilities::Raised raised(capabilities::kAnyFile);
  const Result<Target> target = resolve_target(path, mode);
  if (!target) return fail(target.error());
  if (Result<> can = check_replaceable(target->path); !can) return fail(can.error());
  const std::string temporary = temporary_of(target->path);
  if (Result<> created = create_synced(temporary, text, target->attributes); !created) {
    return fail(created.error());
  }
  return Replacement(target->path, temporary);
}

Result<Replacement> Replacement::removal(const std::string& path) {
  if (Result<> believed = disbelief::check(path); !believed) return fail(believed.error());
  if (Result<> ours = fence::check(); !ours) return fail(ours.error());
  const capabilities::Raised raised(capabilities::kAnyFile);
  if (Result<> can = check_replaceable(path); !can) return fail(can.error());
  Replacement removal(path, "");
  removal.removes_ = true;
  return removal;
}

Result<> Replacement::remove() {
  removes_ = false;
  return remove_file(path_);
}

Result<> Replacement::sync() const {
  Result<> synced = sync_directory(folder_of(path_));
  if (synced) return synced;
  return fail_in(fmt::format("file '{}': replaced, but a power cut may undo it", path_),
                 synced.error());
}

Result<> Replacement::commit() {
  if (temporary_.empty() && !removes_) return {};
  if (Result<> ours = fence::check(); !ours) return ours;
  const capabilities::Raised raised(capabilities::kAnyFile);
  if (removes_) return remove();
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int os_error = errno;
    return fence::explain(fail_os("file", path_, "replace", os_error));
  }
  temporary_.clear();
  return sync();
}

// Moved into a folder that an overtaking verb removes, so that it is not removed once it is another
// file. A full disk may have no room for the folder.
Result<> replace_file(const std::string& path, const std::string& text, unsigned mode) {
  auto replacement = Replacement::prepare(path, text, mode);
  return replacement ? replacement->commit() : Result<>(fail(replacement.error()));
}

Result<> remove_file(const std::string& path) {
  if (Result<> believed = disbelief::check(path); !believed) return believed;
  const capabilities::Raised raised(capabilities::kAnyFile);
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 && errno == ENOENT) return {};
  const std::string trash = trash_of(path);
  const bool made = mkdir(trash.c_str(), 0700) == 0 || errno == EEXIST;
  const std::string moved = trash + "/" + base_of(path);
  Result<> done = fence::check();
  if (done && (made ? rename(path.c_str(), moved.c_str()) : unlink(path.c_str())) != 0) {
    const int os_error = errno;
    done = fence::explain(fail_os("file", path, "remove", os_error));
    if (!done && done.error().os_error == ENOENT) done = {};
  }
  if (made) {
    unlink(moved.c_str());
    rmdir(trash.c_str());
  }
  return done ? sync_directory(folder_of(path)) : done;
}

// A writer that is overtaken may put something into a folder while it is removed.
void remove_leftovers(const std::string& folder, std::string_view front) {
  constexpr int kTries = 3;
  const capabilities::Raised raised(capabilities::kAnyFile);
  for (const std::string& name : list_directory(folder).value_or(std::vector<std::string>())) {
    if (!is_leftover(name) || !name.starts_with(front)) continue;
    std::error_code error;
    int tries = 0;
    do {
      std::filesystem::remove_all(fmt::format("{}/{}", folder, name), error);
    } while (error && ++tries < kTries);
  }
}

void remove_stale_replacements(const std::string& config_path) {
  const auto remove_beside = [](const std::string& path) {
    remove_leftovers(folder_of(path), fmt::format(".{}.", base_of(path)));
  };
  for (const std::string& path : {config_path, beside(config_path, kRangesName)}) {
    remove_beside(path);
    if (const auto real = real_path(path); real && *real != path) remove_beside(*real);
  }
  remove_leftovers(beside(config_path, kDropInFolder));
}

Result<> make_directory(const std::string& path, unsigned mode) {
  if (Result<> believed = disbelief::check(path); !believed) return believed;
  if (is_directory(path)) return {};
  const std::string parent = folder_of(path);
  if (parent != path && !is_directory(parent)) {
    if (Result<> made = make_directory(parent, 0755); !made) return made;
  }
  if (mkdir(path.c_str(), mode) != 0) {
    const int os_error = errno;
    if (os_error == EEXIST && is_directory(path)) return {};  // somebody else was faster
    return fail_os("directory", path, "create", os_error);
  }
  if (chmod(path.c_str(), mode) != 0) {
    const int os_error = errno;
    return fail_os("directory", path, "set mode", os_error);
  }
  return sync_directory(parent);
}

Result<> write_synced(const std::string& path, const std::string& text) {
  if (Result<> believed = disbelief::check(path); !believed) return believed;
  return create_synced(path, text, {});
}

Result<> replace_snapshot(const std::string& path, std::string_view text) {
  if (Result<> believed = disbelief::check(path); !believed) return believed;
  const std::string temporary = temporary_snapshot_of(path);
  unlink(temporary.c_str());  // of a process that died, and had this number
  Fd fd(open_new(temporary));
  if (!fd) {
    const int os_error = errno;
    return fail_os("file", temporary, "create", os_error);
  }
  Result<> done = fill_snapshot(std::move(fd), temporary, text);
  if (done) done = fence::check();
  if (done && rename(temporary.c_str(), path.c_str()) != 0) {
    const int os_error = errno;
    done = fail_os("file", path, "replace", os_error);
  }
  if (!done) unlink(temporary.c_str());
  return done;
}

Result<> sync_directory(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int os_error = errno;
    return fail_os("directory", path, "open", os_error);
  }
  // EINVAL: a file system without fsync of folders (9p); it keeps what order it can.
  if (fsync(fd.get()) != 0 && errno != EINVAL) {
    const int os_error = errno;
    return fail_os("directory", path, "sync", os_error);
  }
  return {};
}

}  // namespace apiguard
