// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The reading half (replacement.cpp is the other): whoever can write these files decides who
// reaches the API server, so what is read is checked on the open file.
#include "loader/host/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "loader/base/capabilities.hpp"
#include "loader/base/disbelief.hpp"
#include "loader/base/fd.hpp"
#include "loader/base/masked.hpp"
#include "loader/base/paths.hpp"
#include "loader/host/steady.hpp"
#include "loader/host/unread.hpp"

namespace apiguard {
namespace {

// The file is not what it should be (3), or the machine does not let us look (4).
Exit exit_of(int os_error) {
  switch (os_error) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:  // a socket
      return Exit::kBadFile;
    default:
      return Exit::kFailed;
  }
}

// A file to open: `name` in an open folder, `path` for messages.
struct Place {
  int folder = AT_FDCWD;
  std::string name;
  std::string path;
};

tl::unexpected<Error> fail_open(std::string_view kind, const std::string& path, int os_error) {
  tl::unexpected<Error> failed = fail_os(kind, path, "open", os_error);
  failed.value().exit = exit_of(os_error);
  return failed;
}

Result<> check_owned(int fd, std::string_view kind, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    const int os_error = errno;
    return fail_os(kind, path, "stat", os_error);
  }
  if (info.st_uid != 0 && info.st_uid != geteuid()) {
    return fail(
        Exit::kBadFile,
        fmt::format("{0} '{1}': check owner: it belongs to uid {2}, neither to root nor to the "
                    "caller; chown root '{1}'",
                    kind, path, info.st_uid));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Exit::kBadFile,
                fmt::format("{0} '{1}': check mode: {2:04o} lets others write it; chmod go-w '{1}'",
                            kind, path, info.st_mode & 07777));
  }
  return {};
}

// O_PATH is enough to look at a folder and to open what is in it.
Result<Fd> open_folder(const Place& place, int flags) {
  Fd fd(openat(place.folder, place.name.c_str(), flags | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int os_error = errno;
    return fail_open("directory", place.path, os_error);
  }
  return fd;
}

Result<> check_folder(const std::string& path) {
  const Result<Fd> folder = open_folder({AT_FDCWD, path, path}, O_PATH);
  if (!folder) return fail(folder.error());
  return check_owned(folder->get(), "directory", path);
}

// The folder of a link is checked by whoever opened it; of what the link leads to it is done here.
// Nobody but root and the caller can have changed the link in between.
Result<> check_link_target(const Place& place) {
  struct stat info {};
  if (fstatat(place.folder, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
  if (!S_ISLNK(info.st_mode)) return {};
  const std::optional<std::string> real = real_path(place.path);
  const int os_error = errno;
  if (!real) return fail_open("file", place.path, os_error);
  return check_folder(folder_of(*real));
}

tl::unexpected<Error> fail_size(const std::string& path) {
  return fail(
      Exit::kBadFile,
      fmt::format("file '{}': read: over {} MiB, the limit; check that it is the right file", path,
                  kMostText >> 20));
}

// Opens without waiting (a FIFO would block) and looks at what was opened, not at what the name is
// now.
Result<Fd> open_regular(const Place& place) {
  Fd fd(openat(place.folder, place.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    const int os_error = errno;
    return fail_open("file", place.path, os_error);
  }
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) {
    const int os_error = errno;
    return fail_os("file", place.path, "stat", os_error);
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(Exit::kBadFile,
                fmt::format("file '{}': open: it is not a regular file; put a plain file there",
                            place.path));
  }
  if (static_cast<std::uint64_t>(info.st_size) > kMostText) return fail_size(place.path);
  return fd;
}

// From the beginning to the end, whatever fstat said: the file may grow, and those of /proc have no
// size.
Result<std::string> read_all(int fd, const std::string& path) {
  lseek(fd, 0, SEEK_SET);
  struct stat info {};
  const bool known = fstat(fd, &info) == 0 && info.st_size > 0;
  std::string text(known ? static_cast<std::size_t>(info.st_size) + 1 : 4096, '\0');
  std::size_t filled = 0;
  while (filled <= kMostText) {
    if (filled == text.size()) text.resize(2 * text.size());
    const ssize_t got = read(fd, text.data() + filled, text.size() - filled);
    const int os_error = errno;
    if (got < 0 && os_error == EINTR) continue;
    if (got < 0) return fail_os("file", path, "read", os_error);
    if (got == 0) {
      text.resize(filled);
      return text;
    }
    filled += static_cast<std::size_t>(got);
  }
  return fail_size(path);
}

Result<std::string> read_plain(const Place& place) {
  const Result<Fd> fd = open_regular(place);
  if (!fd) return fail(fd.error());
  return read_all(fd->get(), place.path);
}

Result<std::string> read_whole(int fd, const std::string& path, Writers writers) {
  return read_steady(fd, path, writers, [&] { return read_all(fd, path); });
}

// A file that a tool may just have written.
Result<std::string> read_elsewhere(const Place& place) {
  const Result<Fd> fd = open_regular(place);
  if (!fd) return fail(fd.error());
  return read_whole(fd->get(), place.path, Writers::kWaitFor);
}

Result<std::string> read_owned(const Place& place, Writers writers = Writers::kIgnore) {
  const Result<Fd> fd = open_regular(place);
  if (!fd) return fail(fd.error());
  if (Result<> owned = check_owned(fd->get(), "file", place.path); !owned)
    return fail(owned.error());
  if (Result<> owned = check_link_target(place); !owned) return fail(owned.error());
  return read_whole(fd->get(), place.path, writers);
}

Error explain_missing_config(Error error) {
  if (error.os_error == ENOENT) {
    error.message +=
        "; 'apiguard init' proposes one; or create it with one line that names the interfaces to "
        "guard: interfaces = [\"eth0\"]";
  }
  return error;
}

Result<SourceFile> read_config(int folder, const std::string& path) {
  Result<std::string> text = read_owned({folder, base_of(path), path});
  if (!text) return fail(explain_missing_config(text.error()));
  return SourceFile{std::string(kConfigName), path, *std::move(text), true};
}

bool dangles(const Place& place) {
  struct stat info {};
  return fstatat(place.folder, place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

// Missing is empty, but a link that leads nowhere is a mistake and not a missing file.
Result<SourceFile> read_ranges(int folder, const std::string& path) {
  const Place place{folder, std::string(kRangesName), path};
  Result<std::string> text = read_owned(place);
  if (text) return SourceFile{place.name, path, *std::move(text), true};
  if (text.error().os_error != ENOENT || dangles(place)) return fail(text.error());
  return SourceFile{place.name, path, "", false};
}

struct CloseDirectory {
  void operator()(DIR* stream) const { closedir(stream); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// closedir closes what fdopendir was given, so it gets a copy.
Result<Directory> open_stream(int folder, const std::string& path) {
  const int copy = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  Directory stream(copy < 0 ? nullptr : fdopendir(copy));
  if (stream) return stream;
  const int os_error = errno;
  if (copy >= 0) close(copy);
  return fail_os("directory", path, "list", os_error);
}

Result<std::vector<std::string>> list_names(int folder, const std::string& path) {
  const Result<Directory> stream = open_stream(folder, path);
  if (!stream) return fail(stream.error());
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = readdir(stream->get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int os_error = errno;
  if (os_error != 0) return fail_os("directory", path, "list", os_error);
  std::sort(names.begin(), names.end());
  return names;
}

bool is_folder(int folder, const std::string& name) {
  struct stat info {};
  return fstatat(folder, name.c_str(), &info, 0) == 0 && S_ISDIR(info.st_mode);
}

struct DropIns {
  std::vector<SourceFile> files;
  std::vector<std::string> warnings;
};

// Every name that counts is read or is an error: a drop-in that is skipped might be an except.
Result<DropIns> read_listed(int folder, const std::string& path) {
  const Result<std::vector<std::string>> names = list_names(folder, path);
  if (!names) return fail(names.error());
  DropIns found;
  std::vector<std::string> unread;
  for (const std::string& name : *names) {
    if (!is_drop_in(name)) {
      if (looks_meant(name) && !is_folder(folder, name)) unread.push_back(name);
      continue;
    }
    if (name.find('\n') != std::string::npos) {
      return fail(
          Exit::kBadFile,
          fmt::format("directory '{}': read: '{}': the file name contains a line break; rename it",
                      path, masked_line(name)));
    }
    const std::string file = fmt::format("{}/{}", path, name);
    Result<std::string> text = read_owned({folder, name, file}, Writers::kWaitFor);
    if (!text) return fail(text.error());
    found.files.push_back({drop_in_name(name), file, *std::move(text), true});
  }
  found.warnings = describe_unread(path, unread);
  return found;
}

Result<DropIns> read_drop_ins(int parent, const std::string& path) {
  const Place place{parent, std::string(kDropInFolder), path};
  const Result<Fd> folder = open_folder(place, O_RDONLY);
  if (!folder) {
    if (folder.error().os_error == ENOENT && !dangles(place)) return DropIns{};
    return fail(folder.error());
  }
  if (Result<> owned = check_owned(folder->get(), "directory", path); !owned)
    return fail(owned.error());
  return read_listed(folder->get(), path);
}

}  // namespace

bool is_drop_in(std::string_view name) {
  constexpr std::string_view kSuffix = ".list";
  return name.size() > kSuffix.size() && name.front() != '.' &&
         name.substr(name.size() - kSuffix.size()) == kSuffix &&
         name.find('/') == std::string_view::npos;
}

Result<Sources> read_sources(const std::string& config_path) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  const std::string path = folder_of(config_path);
  const Result<Fd> folder = open_folder({AT_FDCWD, path, path}, O_PATH);
  if (!folder && folder.error().os_error == ENOENT) {
    return fail(explain_missing_config(fail_open("file", config_path, ENOENT).value()));
  }
  if (!folder) return fail(folder.error());
  if (Result<> owned = check_owned(folder->get(), "directory", path); !owned)
    return fail(owned.error());

  Result<SourceFile> config = read_config(folder->get(), config_path);
  if (!config) return fail(config.error());
  Result<SourceFile> ranges = read_ranges(folder->get(), beside(config_path, kRangesName));
  if (!ranges) return fail(ranges.error());
  Result<DropIns> drop_ins = read_drop_ins(folder->get(), beside(config_path, kDropInFolder));
  if (!drop_ins) return fail(drop_ins.error());
  return Sources{*std::move(config), *std::move(ranges), std::move(drop_ins->files),
                 std::move(drop_ins->warnings)};
}

Result<SourceFile> read_list(const std::string& config_path) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  const std::string path = folder_of(config_path);
  const Result<Fd> folder = open_folder({AT_FDCWD, path, path}, O_PATH);
  if (!folder) return fail(folder.error());
  if (Result<> owned = check_owned(folder->get(), "directory", path); !owned)
    return fail(owned.error());
  return read_ranges(folder->get(), beside(config_path, kRangesName));
}

Result<SourceFile> read_source(const std::string& path, bool check_owner) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  if (check_owner) {
    if (Result<> owned = check_folder(folder_of(path)); !owned) return fail(owned.error());
  }
  const Place place{AT_FDCWD, path, path};
  Result<std::string> text = check_owner ? read_owned(place) : read_elsewhere(place);
  if (!text) return fail(text.error());
  return SourceFile{base_of(path), path, *std::move(text), true};
}

Result<std::string> read_text(const std::string& path) {
  if (Result<> believed = disbelief::check(path); !believed) return fail(believed.error());
  const capabilities::Raised raised(capabilities::kAnyFile);
  Result<std::string> text = read_plain({AT_FDCWD, path, path});
  if (!text) text.error().exit = Exit::kFailed;
  return text;
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  if (Result<> believed = disbelief::check(path); !believed) return fail(believed.error());
  const capabilities::Raised raised(capabilities::kAnyFile);
  const Fd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    const int os_error = errno;
    return fail_os("directory", path, "open", os_error);
  }
  return list_names(fd.get(), path);
}

}  // namespace apiguard
