// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/pin_names.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "loader/base/number.hpp"

namespace apiguard::datapath {
namespace {

// bpffs refuses names with dots; VLAN devices have them.
std::string name_of_interface(const std::string& interface, int ifindex) {
  std::string name = fmt::format("{}-{}", interface, ifindex);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

bool is_name_of_interface(const std::string& name, int ifindex) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0) return false;
  const auto number = parse_whole<int>(std::string_view(name).substr(dash + 1));
  return number && *number > 0 && *number == ifindex;
}

}  // namespace

std::string link_pin(const std::string& pin_dir, const AttachPoint& point,
                     const std::string& name) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return fmt::format("{}/links/{}", pin_dir, name_of_interface(name, point.ifindex()));
  }
  return {};
}

bool is_link_pin(const std::string& pin, const AttachPoint& point) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return is_name_of_interface(name_of_link_pin(pin), point.ifindex());
  }
  return false;
}

std::string name_of_link_pin(const std::string& pin) { return pin.substr(pin.rfind('/') + 1); }

std::string pin_directory_of(const std::string& link_pin) {
  return std::filesystem::path(link_pin).parent_path().parent_path().string();
}

std::string filter_pin(AttachKind kind) {
  switch (kind) {
    case AttachKind::kInterface:
      return "filter";
  }
  return {};
}

std::optional<AttachKind> kind_of_filter_pin(std::string_view name) {
  const auto* found = std::find_if(kAttachKinds.begin(), kAttachKinds.end(),
                                   [&](AttachKind kind) { return filter_pin(kind) == name; });
  return found == kAttachKinds.end() ? std::nullopt : std::optional(*found);
}

}  // namespace apiguard::datapath
