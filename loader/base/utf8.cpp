// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/utf8.hpp"

#include <cstdint>
#include <cstring>

#include <fmt/format.h>

namespace apiguard {
namespace {

// Length of the sequence that a lead byte announces; 0 for a byte that leads none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

// Overlong forms, surrogates and what lies beyond U+10FFFF.
bool is_forbidden(char32_t value, std::size_t length) {
  if (length == 3 && value < 0x800) return true;
  if (length == 4 && (value < 0x10000 || value > 0x10ffff)) return true;
  return value >= 0xd800 && value < 0xe000;
}

// True if the next eight bytes are all ASCII.
bool is_ascii_word(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return (word & 0x8080808080808080) == 0;
}

}  // namespace

CodePoint decode(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = sequence_length(lead);
  const CodePoint stray{lead, 1, false};
  if (length == 1) return {lead, 1, true};
  if (length == 0 || text.size() - at < length) return stray;

  char32_t value = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[at + i]);
    if ((next & 0xc0) != 0x80) return stray;
    value = value << 6 | (next & 0x3fu);
  }
  if (is_forbidden(value, length)) return stray;
  return {value, length, true};
}

std::size_t first_invalid_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= sizeof(std::uint64_t) && is_ascii_word(text, at)) {
      at += sizeof(std::uint64_t);
      continue;
    }
    const CodePoint point = decode(text, at);
    if (!point.valid) return at;
    at += point.size;
  }
  return std::string_view::npos;
}

bool is_printable(CodePoint point) {
  const char32_t value = point.value;
  if (!point.valid || value < 0x20 || (value >= 0x7f && value < 0xa0)) return false;
  const bool separator = value == 0x2028 || value == 0x2029;
  const bool direction = (value >= 0x202a && value <= 0x202e) ||
                         (value >= 0x2066 && value <= 0x2069) || value == 0x200e ||
                         value == 0x200f || value == 0x061c;
  return !separator && !direction && value != 0xfeff;
}

std::string_view shown(std::string_view bytes, CodePoint point) {
  return is_printable(point) ? bytes : "?";
}

std::string describe(CodePoint point) {
  if (!point.valid) return fmt::format("0x{:02X}", static_cast<unsigned>(point.value));
  if (point.value > 0x20 && point.value < 0x7f) {
    return fmt::format("'{}'", static_cast<char>(point.value));
  }
  return fmt::format("U+{:04X}", static_cast<unsigned>(point.value));
}

std::string quote(std::string_view text) {
  constexpr int kMaxCodePoints = 64;
  std::string out = "'";
  int count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == kMaxCodePoints) {
      out += "...";
      break;
    }
    const CodePoint point = decode(text, at);
    out += shown(text.substr(at, point.size), point);
    at += point.size;
  }
  return out + "'";
}

}  // namespace apiguard
