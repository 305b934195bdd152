// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/attach_point.hpp"

#include <fmt/format.h>

namespace apiguard::datapath {

AttachPoint interface_point(int ifindex) {
  return {AttachKind::kInterface, static_cast<std::uint64_t>(ifindex)};
}

std::optional<int> ifindex_of(const AttachPoint& point) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return point.ifindex();
  }
  return std::nullopt;
}

std::string describe(const AttachPoint& point) {
  switch (point.kind) {
    case AttachKind::kInterface:
      return fmt::format("interface {}", point.ifindex());
  }
  return {};
}

std::string describe(AttachKind kind, const std::string& name) {
  switch (kind) {
    case AttachKind::kInterface:
      return fmt::format("interface '{}'", name);
  }
  return {};
}

}  // namespace apiguard::datapath
