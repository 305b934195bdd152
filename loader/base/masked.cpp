// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/base/masked.hpp"

#include "loader/base/utf8.hpp"

namespace apiguard {
namespace {

bool is_plain(char c) { return c >= ' ' && c < 0x7f; }

std::string mask(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (is_plain(c) || kept.find(c) != std::string_view::npos) {
      out += c;
      ++at;
      continue;
    }
    const CodePoint point = decode(text, at);
    out += shown(text.substr(at, point.size), point);
    at += point.size;
  }
  return out;
}

}  // namespace

std::string masked(std::string_view text) { return mask(text, "\n\t"); }

std::string masked_line(std::string_view text) { return mask(text, {}); }

}  // namespace apiguard
