// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/expendable_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "loader/base/capabilities.hpp"
#include "loader/host/files.hpp"

namespace apiguard {
namespace {

constexpr int kMostAside = 16;

bool is_free(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) != 0 && errno == ENOENT;
}

bool is_ours(const struct stat& info) { return info.st_uid == 0 || info.st_uid == geteuid(); }

std::string wrong_with(const struct stat& info) {
  if (S_ISLNK(info.st_mode)) return "is a link";
  if (S_ISDIR(info.st_mode)) return "is a directory";
  if (!S_ISREG(info.st_mode)) return "is not a regular file";
  return is_ours(info) ? "" : fmt::format("belongs to user {}", info.st_uid);
}

Result<std::string> move_aside(const std::string& path) {
  if (rmdir(path.c_str()) == 0) return std::string();
  for (int i = 1; i <= kMostAside; ++i) {
    std::string aside = fmt::format("{}.aside-{}", path, i);
    if (!is_free(aside)) continue;
    if (rename(path.c_str(), aside.c_str()) == 0) return aside;
    break;
  }
  const int os_error = errno;
  return fail_os("directory", path, "move aside", os_error);
}

// Whatever has the name and is no file of ours.
Result<std::string> make_way(const std::string& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0 || wrong_with(info).empty()) return std::string();
  if (S_ISDIR(info.st_mode)) return move_aside(path);
  if (unlink(path.c_str()) == 0) return std::string();
  const int os_error = errno;
  return fail_os("file", path, "remove", os_error);
}

}  // namespace

Result<std::optional<std::string>> read_expendable_file(const std::string& path) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    const int os_error = errno;
    if (os_error == ENOENT) return std::optional<std::string>();
    return fail_os("file", path, "inspect", os_error);
  }
  if (const std::string wrong = wrong_with(info); !wrong.empty())
    return fail(Exit::kFailed, fmt::format("file '{}': {}", path, wrong));
  auto text = read_text(path);
  if (!text) return fail(text.error());
  return std::optional(std::move(*text));
}

Result<std::string> write_expendable_file(const std::string& path, const std::string& text,
                                          unsigned mode) {
  const capabilities::Raised raised(capabilities::kAnyFile);
  auto aside = make_way(path);
  if (!aside) return aside;
  if (auto replaced = replace_file(path, text, mode); !replaced) return fail(replaced.error());
  return aside;
}

}  // namespace apiguard
