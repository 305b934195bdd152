// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/beginning.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace apiguard::service {
namespace {

constexpr std::size_t kMostNames = 8;  // a host may have a thousand

std::vector<std::string> names_of(const status::StatusReport& standing, bool attached) {
  std::vector<std::string> names;
  for (const auto& interface : standing.status.interfaces) {
    if (interface.attached == attached) names.push_back(interface.name);
  }
  return names;
}

std::string list(const std::vector<std::string>& names) {
  if (names.size() <= kMostNames) return fmt::format("{}", fmt::join(names, ", "));
  const std::vector<std::string> first(names.begin(), names.begin() + kMostNames);
  return fmt::format("{} and {} more", fmt::join(first, ", "), names.size() - kMostNames);
}

std::string mode_of(const status::StatusReport& standing) {
  return standing.status.mode ? std::string(to_string(*standing.status.mode)) : "?";
}

}  // namespace

std::string describe_beginning(const status::StatusReport& standing, const std::string& waits_for) {
  if (!standing.status.generation) return waits_for;
  const auto attached = names_of(standing, true);
  const auto missing = names_of(standing, false);
  std::string text = fmt::format("guards {} by generation {}, mode {}",
                                 attached.empty() ? "no interface" : list(attached),
                                 *standing.status.generation, mode_of(standing));
  if (!missing.empty()) text += "; not attached: " + list(missing);
  return text;
}

std::string describe_shortly(const status::StatusReport& standing) {
  if (!standing.status.generation) return "nothing is in force";
  return fmt::format("generation {}, {}, {} of {} interfaces attached", *standing.status.generation,
                     mode_of(standing), names_of(standing, true).size(),
                     standing.status.interfaces.size());
}

}  // namespace apiguard::service
