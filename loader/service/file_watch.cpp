// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

#include <fmt/format.h>

#include "loader/base/paths.hpp"
#include "loader/host/files.hpp"

namespace apiguard::service {
namespace {

std::string describe(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return path + " -\n";
  return fmt::format("{} {} {} {} {}.{}\n", path, info.st_dev, info.st_ino, info.st_size,
                     info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

}  // namespace

std::string describe_files(const std::string& config) {
  const std::string folder = beside(config, kDropInFolder);
  std::string text = describe(config) + describe(beside(config, kRangesName));
  const auto names = list_directory(folder);
  if (!names) return text;
  for (const std::string& name : *names) {
    if (is_drop_in(name)) text += describe(fmt::format("{}/{}", folder, name));
  }
  return text;
}

bool FileWatch::changed() {
  std::string now = describe_files(config_);
  const bool other = now != seen_;
  seen_ = std::move(now);
  return other;
}

}  // namespace apiguard::service
