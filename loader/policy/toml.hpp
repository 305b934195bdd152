// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one door to toml++. It is a header of seventeen thousand lines: include this in few files.
#pragma once

#include <optional>
#include <string_view>

#include <toml++/toml.h>

#include "loader/policy/diagnostics.hpp"

namespace apiguard {

// Nothing if the text is not TOML, or not clean; `diagnostics` says why.
[[nodiscard]] std::optional<toml::table> parse_toml(const SourceFile& file,
                                                    Diagnostics& diagnostics);

// Turns toml++'s line and column (code points, both from 1) into an offset. Asked front to back it
// walks the text once.
class TomlOffsets {
 public:
  explicit TomlOffsets(std::string_view text) : text_(text) {}
  std::size_t operator()(toml::source_position position);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  toml::source_position at_{1, 1};
};

}  // namespace apiguard
