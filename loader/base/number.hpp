// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Numbers as text. Pure.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace apiguard {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The whole text as a decimal number; none: it is anything else, or does not fit.
template <typename Number>
[[nodiscard]] std::optional<Number> parse_whole(std::string_view text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

// "1 range", "2 ranges".
[[nodiscard]] std::string count_of(std::size_t count, std::string_view noun);

}  // namespace apiguard
