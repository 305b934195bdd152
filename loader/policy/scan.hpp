// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the readers inside this room return: a value, or a flaw at an offset of their text. The
// public readers of prefix.hpp and text.hpp drop the offset; the file readers make it a column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "loader/base/number.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

struct Flaw {
  // bytes from the start of the text
  std::size_t offset = 0;
  std::string message;
};

template <typename T>
using Scanned = tl::expected<T, Flaw>;

[[nodiscard]] inline tl::unexpected<Flaw> flaw(std::size_t offset, std::string message) {
  return tl::unexpected<Flaw>(Flaw{offset, std::move(message)});
}

// The flaw of a part of the text that begins `start` bytes in.
[[nodiscard]] inline tl::unexpected<Flaw> flaw_in(std::size_t start, Flaw inner) {
  inner.offset += start;
  return tl::unexpected<Flaw>(std::move(inner));
}

// Decimal without sign, spaces or leading zeros, at most `limit`; `what` names it in messages.
[[nodiscard]] Scanned<std::uint32_t> scan_number(std::string_view digits, std::uint32_t limit,
                                                 std::string_view what);

[[nodiscard]] Scanned<Address> scan_address(std::string_view text);
[[nodiscard]] Scanned<ParsedPrefix> scan_prefix(std::string_view text);

// ---- endpoint.cpp

// PORT, ADDRESS:PORT or [V6ADDRESS]:PORT.
[[nodiscard]] Scanned<Endpoint> scan_endpoint(std::string_view text);

// ---- name.cpp, remark.cpp

// The name rule, with the reason.
[[nodiscard]] Scanned<std::string_view> scan_name(std::string_view name);
// Of `why=`: up to 128 printable characters of ASCII without blanks and '#'.
[[nodiscard]] Scanned<std::string_view> scan_why(std::string_view why);
// Of `review=`: YYYY-MM-DD, the beginning of that day of UTC.
[[nodiscard]] Scanned<Timestamp> scan_date(std::string_view date);

}  // namespace apiguard
