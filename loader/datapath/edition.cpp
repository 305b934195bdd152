// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/edition.hpp"

#include <fmt/format.h>

#include "loader/base/number.hpp"

namespace apiguard::datapath {
namespace {

// As it is printed: a second spelling would be a second folder of one edition.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return parse_whole<std::uint64_t>(text);
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
