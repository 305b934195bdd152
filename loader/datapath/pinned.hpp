// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is at a pin, whoever put it there, and how something else takes its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::datapath {

struct Pinned {
  enum class Kind { kNothing, kMap, kOther };
  Kind kind = Kind::kNothing;
  // of a map, opened for reading
  Fd fd;
  // of kOther: "holds a program", "is a folder", "cannot be opened: ..."
  std::string why;
  // of kOther: of the last
  int os_error = 0;
};

// A link in the file system is followed; one that leads nowhere is kOther.
[[nodiscard]] Pinned look_at_pin(const std::string& path);

// The id of the map at a pin; 0: there is none.
[[nodiscard]] std::uint32_t map_id_at(const std::string& path);

// A pin that was moved aside, and is nobody's.
[[nodiscard]] bool is_aside(std::string_view name);

// Pins an object under a name that something else may have. Another map or program goes. A BPF link
// or a folder is moved aside: a link that goes takes its program off an interface. Returns the new
// name of that; empty: nothing was moved.
[[nodiscard]] Result<std::string> pin_over(int fd, const std::string& path);

}  // namespace apiguard::datapath
