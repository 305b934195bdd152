// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/paths.hpp"

#include <sys/stat.h>

#include <array>
#include <climits>
#include <cstdlib>

namespace apiguard {

std::string folder_of(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string beside(const std::string& path, std::string_view name) {
  return path.substr(0, path.rfind('/') + 1).append(name);
}

std::string operator_path(const std::string& config_path, std::string_view name) {
  return name == kConfigName ? config_path : beside(config_path, name);
}

std::string drop_in_name(std::string_view file) {
  return std::string(kDropInFolder).append("/").append(file);
}

std::optional<std::string_view> drop_in_file(std::string_view name) {
  if (!name.starts_with(drop_in_name(""))) return std::nullopt;
  return name.substr(kDropInFolder.size() + 1);
}

std::optional<std::string> real_path(const std::string& path) {
  std::array<char, PATH_MAX> real{};
  if (realpath(path.c_str(), real.data()) == nullptr) return std::nullopt;
  return std::string(real.data());
}

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace apiguard
