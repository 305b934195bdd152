// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/edition.hpp"

#include <charconv>

#include <fmt/format.h>

namespace apiguard::datapath {
namespace {

// As it is printed: a second spelling would be a second folder of one edition.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || last != end) return std::nullopt;
  return number;
}

}  // namespace

std::string pin_name(const Edition& edition) {
  if (edition.edition == 0) return fmt::format("{}", edition.generation);
  return fmt::format("{}-{}", edition.generation, edition.edition);
}

std::optional<Edition> parse_pin_name(std::string_view name) {
  const std::size_t dash = name.find('-');
  const auto generation = number_of(name.substr(0, dash));
  if (!generation) return std::nullopt;
  if (dash == std::string_view::npos) return Edition{*generation, 0};
  const auto edition = number_of(name.substr(dash + 1));
  if (!edition || *edition == 0) return std::nullopt;
  return Edition{*generation, *edition};
}

}  // namespace apiguard::datapath
