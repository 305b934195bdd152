// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one door to toml++. It is a header of seventeen thousand lines: include this in few files.
//
// Its parser states in places what it believes of a text, and is wrong about some that are no TOML.
// With NDEBUG the compiler takes these statements for granted, and the program does as it pleases.
// Here they are always asked, and the one that does not hold is an error of the text.
#pragma once

#include <optional>
#include <string_view>

namespace apiguard {

struct TomlGaveUp {};
[[noreturn]] inline void give_up_toml() { throw TomlGaveUp(); }

}  // namespace apiguard

#pragma push_macro("NDEBUG")
#undef NDEBUG
// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): toml++ asks for one
#define TOML_ASSERT(statement) ((statement) ? void() : ::apiguard::give_up_toml())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

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
