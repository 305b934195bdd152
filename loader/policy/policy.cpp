// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/policy.hpp"

#include <functional>
#include <mutex>
#include <set>

#include <fmt/format.h>

namespace apiguard {

std::string_view to_string(Mode mode) {
  switch (mode) {
    case Mode::kOff:
      return "off";
    case Mode::kAudit:
      return "audit";
    case Mode::kEnforce:
      return "enforce";
  }
  return "enforce";
}

std::string_view to_string(XdpMode xdp_mode) {
  switch (xdp_mode) {
    case XdpMode::kAuto:
      return "auto";
    case XdpMode::kNative:
      return "native";
    case XdpMode::kGeneric:
      return "generic";
  }
  return "auto";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kAllow:
      return "allow";
    case Kind::kExcept:
      return "except";
    case Kind::kCluster:
      return "cluster";
  }
  return "allow";
}

std::optional<Mode> parse_mode(std::string_view text) {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::string to_string(const Origin& origin) {
  const std::string& file = origin.file.text();
  return origin.line == 0 ? file : fmt::format("{}:{}", file, origin.line);
}

const std::string FileName::kNone;

FileName::FileName(std::string_view name) {
  static std::mutex mutex;  // several texts may be parsed at once
  static std::set<std::string, std::less<>> names;
  const std::lock_guard lock(mutex);
  const auto known = names.find(name);
  name_ = known != names.end() ? &*known : &*names.emplace(name).first;
}

}  // namespace apiguard
