// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Names of the pins of links and of the programs that they run, and the way back. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "loader/datapath/attach_point.hpp"

namespace apiguard::datapath {

// Path of the pin of a link: "PINS/links/eth0-3".
[[nodiscard]] std::string link_pin(const std::string& pin_dir, const AttachPoint& point,
                                   const std::string& name);
// Whether a pin has the name that link_pin() gives to a link of this point, whatever the name of
// that was.
[[nodiscard]] bool is_link_pin(const std::string& pin, const AttachPoint& point);
// Of such a path: "eth0-3", and PINS.
[[nodiscard]] std::string name_of_link_pin(const std::string& pin);
[[nodiscard]] std::string pin_directory_of(const std::string& link_pin);

// In the folder of a generation, of the program that links of this kind run: "filter".
[[nodiscard]] std::string filter_pin(AttachKind kind);
// None: a pin of this name is no such program.
[[nodiscard]] std::optional<AttachKind> kind_of_filter_pin(std::string_view name);

}  // namespace apiguard::datapath
