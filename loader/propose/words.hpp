// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Command lines: of a systemd unit, and the options in one. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace apiguard::propose {

// The words of what a unit starts, empty if nothing, by systemd.service(5): the last ExecStart= of
// [Service] in the texts of the unit and its drop-ins, continued lines joined, quotes taken off,
// prefixes of the program ("-", "@", ...) left out. `unread` says what could not be split.
struct ExecStart {
  std::vector<std::string> words;
  std::vector<std::string> unread;
};
[[nodiscard]] ExecStart read_exec_start(std::span<const std::string> texts);

// --name=value and --name value: all values of a name in their order, without the dashes; a name
// without a value has an empty one. What is no option is left out.
using Options = std::map<std::string, std::vector<std::string>, std::less<>>;
[[nodiscard]] Options read_options(std::span<const std::string> words);

}  // namespace apiguard::propose
