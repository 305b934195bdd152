// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/older_warnings.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "loader/base/number.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::cli {
namespace {

// Takes digits and a colon off the front.
bool take_number(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits == text.size() || text[digits] != ':') return false;
  text.remove_prefix(digits + 1);
  return true;
}

// Behind "FILE:LINE:COLUMN: ". Empty: it is at no line.
std::string_view text_at_line(std::string_view warning) {
  for (std::size_t at = 0; (at = warning.find(':', at)) != std::string_view::npos; ++at) {
    std::string_view rest = warning.substr(at + 1);
    if (take_number(rest) && take_number(rest) && rest.starts_with(' ')) return rest.substr(1);
  }
  return {};
}

bool is_at_line(const std::string& warning) { return !text_at_line(warning).empty(); }

}  // namespace

SortedWarnings sort_warnings(const std::vector<std::string>& warnings,
                             const std::vector<std::string>& before) {
  std::multiset<std::string_view> known;
  for (const std::string& warning : before) known.insert(text_at_line(warning));
  SortedWarnings sorted;
  for (const std::string& warning : warnings) {
    const auto same = is_at_line(warning) ? known.find(text_at_line(warning)) : known.end();
    if (same == known.end()) {
      sorted.fresh.push_back(warning);
    } else {
      known.erase(same);
      ++sorted.older;
    }
  }
  return sorted;
}

SortedWarnings sort_warnings(const publish::World& world,
                             const std::vector<std::string>& warnings) {
  const bool any = std::any_of(warnings.begin(), warnings.end(), is_at_line);
  if (!any || !world.in_force || !world.in_force->stored) return {warnings, 0};
  const auto parsed = parse_policy(world.in_force->stored->sources);
  return sort_warnings(warnings, parsed ? parsed->warnings : std::vector<std::string>());
}

std::string count_older(const SortedWarnings& sorted) {
  if (sorted.older == 0) return "";
  return fmt::format("{}: 'apiguard validate' shows {}", count_of(sorted.older, "older warning"),
                     sorted.older == 1 ? "it" : "them");
}

}  // namespace apiguard::cli
