// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/unread.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>

#include "loader/base/masked.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kTold = 10;

// What editors, dpkg, ucf, rpm, pacman and apk put beside a file, and what people do before they
// change one.
constexpr std::array<std::string_view, 19> kBehind = {
    "~",        ".swp",     ".swo",     ".swx",    ".bak",     ".old",     ".new",
    ".orig",    ".rej",     ".tmp",     ".rpmnew", ".rpmsave", ".rpmorig", ".pacnew",
    ".pacsave", ".pacorig", ".apk-new", ".save",   ".disabled"};
constexpr std::array<std::string_view, 2> kInside = {".dpkg-", ".ucf-"};

}  // namespace

bool looks_meant(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.front() == '#') return false;
  const bool copy = std::any_of(kBehind.begin(), kBehind.end(),
                                [&](std::string_view end) { return name.ends_with(end); }) ||
                    std::any_of(kInside.begin(), kInside.end(), [&](std::string_view part) {
                      return name.find(part) != std::string_view::npos;
                    });
  return !copy;
}

std::vector<std::string> describe_unread(const std::string& folder,
                                         const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(names.size(), kTold); ++i) {
    out.push_back(
        fmt::format("file '{}/{}': is not read: the name of a drop-in ends in '.list'; "
                    "rename it, or put a dot in front",
                    folder, masked_line(names[i])));
  }
  if (names.size() > kTold) {
    out.push_back(
        fmt::format("directory '{}': {} more files are not read", folder, names.size() - kTold));
  }
  return out;
}

}  // namespace apiguard
