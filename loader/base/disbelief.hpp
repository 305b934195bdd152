// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Folders of apiguard that somebody else owns or can write. What lies in them is not read and
// nothing is written there: whoever tries is told why, as of a folder that cannot be opened. Found
// once, before the verb begins (host/owner.hpp), and honoured where folders are opened.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"

namespace apiguard::disbelief {

struct Folder {
  std::string path;
  // a finished message, with the command that mends it
  std::string why;
};

// Of this process. Written before there is a second thread.
inline std::vector<Folder> folders;

// Whether `path` is one of them or lies below one.
[[nodiscard]] inline const Folder* find(std::string_view path) {
  for (const Folder& folder : folders) {
    if (!path.starts_with(folder.path)) continue;
    if (path.size() == folder.path.size() || path[folder.path.size()] == '/') return &folder;
  }
  return nullptr;
}

// The error of whoever would open it: as where the kernel denies that.
[[nodiscard]] inline Result<> check(std::string_view path) {
  const Folder* folder = find(path);
  return folder == nullptr ? Result<>() : fail(Exit::kFailed, folder->why, EACCES);
}

}  // namespace apiguard::disbelief
