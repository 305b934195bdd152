// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Names of the operator's files, and paths as text: what is written stays as the operator wrote it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace apiguard {

inline constexpr std::string_view kConfigName = "apiguard.toml";
inline constexpr std::string_view kRangesName = "authorized-ranges";
inline constexpr std::string_view kDropInFolder = "authorized-ranges.d";

// "/etc/apiguard/x" -> "/etc/apiguard", "x" -> ".", "/x" -> "/"; a slash at the end is ignored.
[[nodiscard]] std::string folder_of(std::string path);
// "/etc/apiguard/x" -> "x"
[[nodiscard]] std::string base_of(const std::string& path);
// `name` in the folder of `path`: ("x", "y") -> "y".
[[nodiscard]] std::string beside(const std::string& path, std::string_view name);

// Path of a file of the policy by its name in Sources, which is relative to the folder of the toml.
[[nodiscard]] std::string operator_path(const std::string& config_path, std::string_view name);
// Name in Sources of a file in the folder of drop-ins: "authorized-ranges.d/x.list"; and back,
// none: it is no file of that folder.
[[nodiscard]] std::string drop_in_name(std::string_view file);
[[nodiscard]] std::optional<std::string_view> drop_in_file(std::string_view name);

// Touch the file system: realpath(3), errno left as it says; and whether a folder (or a link to
// one) is there.
[[nodiscard]] std::optional<std::string> real_path(const std::string& path);
[[nodiscard]] bool is_directory(const std::string& path);

}  // namespace apiguard
