// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Names of ranges. A name must never read as an address, because verbs take either.
#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/scan.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {
namespace {

constexpr std::size_t kMaxName = 63;

bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Four numbers of up to three digits: also what is meant as an address and is none, such as
// 010.0.0.1 and 10.0.0.300.
bool looks_like_ipv4(std::string_view name) {
  int dots = 0;
  int digits = 0;
  for (const char c : name) {
    if (c != '.' && !is_digit(c)) return false;
    if (c == '.' && digits == 0) return false;
    digits = c == '.' ? 0 : digits + 1;
    dots += c == '.' ? 1 : 0;
    if (digits > 3) return false;
  }
  return dots == 3 && digits > 0;
}

}  // namespace

Scanned<std::string_view> scan_name(std::string_view name) {
  if (name.empty()) return flaw(0, "name is empty");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (is_alphanumeric(c) || (i > 0 && (c == '.' || c == '_' || c == '-'))) continue;
    if (c == '.' || c == '_' || c == '-') {
      return flaw(0, fmt::format("name {} must begin with a letter or a digit", quote(name)));
    }
    return flaw(i, fmt::format("unexpected character {} in name {}: letters, digits, '.', '_' and "
                               "'-' are allowed",
                               describe(decode(name, i)), quote(name)));
  }
  if (name.size() > kMaxName) return flaw(0, "name is longer than 63 characters");
  if (looks_like_ipv4(name)) return flaw(0, fmt::format("name '{}' reads as an address", name));
  return name;
}

bool valid_name(std::string_view name) { return scan_name(name).has_value(); }

}  // namespace apiguard
