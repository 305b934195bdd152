// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// UTF-8 as the readers need it: walk it, find what is broken, show foreign text without harm.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace apiguard {

struct CodePoint {
  char32_t value = 0;
  // bytes
  std::size_t size = 1;
  // false: one stray byte, which is `value`
  bool valid = true;
};

// The code point at text[at]; `at` must lie inside the text.
[[nodiscard]] CodePoint decode(std::string_view text, std::size_t at);

// Offset of the first byte that is not UTF-8; npos if all is well.
[[nodiscard]] std::size_t first_invalid_byte(std::string_view text);

// False for what could move the cursor or turn the direction of a terminal's line.
[[nodiscard]] bool is_printable(CodePoint point);

// The bytes of a code point as they may be shown: themselves, or "?".
[[nodiscard]] std::string_view shown(std::string_view bytes, CodePoint point);

// One code point for messages: 'x', U+00A0 where it could not be seen, 0xFF for a stray byte.
[[nodiscard]] std::string describe(CodePoint point);

// 'text' in single quotes, unprintable code points as '?', cut after 64 code points.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace apiguard
