// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/boot_unit.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "loader/host/files.hpp"

namespace apiguard {
namespace {

// Each brings back what was in force: the supervisor does so where the other one has not.
constexpr std::array<std::string_view, 2> kUnits = {"apiguard-boot.service", "apiguard.service"};
// Links that last: those below /run go with the boot.
constexpr std::array<std::string_view, 4> kFolders = {
    "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system"};

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

bool is_masked(const std::string& root, std::string_view unit) {
  std::error_code error;
  const auto to = std::filesystem::read_symlink(
      root + std::string(kFolders.front()) + "/" + std::string(unit), error);
  return !error && to == "/dev/null";
}

bool is_wanted_in(const std::string& folder, std::string_view unit) {
  const auto names = list_directory(folder);
  if (!names) return false;
  return std::any_of(names->begin(), names->end(), [&](const std::string& name) {
    const bool wants = name.ends_with(".wants") || name.ends_with(".requires");
    return wants && exists(folder + "/" + name + "/" + std::string(unit));
  });
}

bool is_enabled(const std::string& root, std::string_view unit) {
  if (is_masked(root, unit)) return false;
  return std::any_of(kFolders.begin(), kFolders.end(), [&](std::string_view folder) {
    return is_wanted_in(root + std::string(folder), unit);
  });
}

}  // namespace

std::optional<bool> guarded_after_boot(const Places& places, const std::string& root) {
  const Places usual;
  if (places.state_dir != usual.state_dir || !exists(root + "/run/systemd/system"))
    return std::nullopt;
  return std::any_of(kUnits.begin(), kUnits.end(),
                     [&](std::string_view unit) { return is_enabled(root, unit); });
}

}  // namespace apiguard
