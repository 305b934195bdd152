// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The lines that differ between two texts of one list. An edit touches few of very many.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "loader/policy/edit.hpp"

namespace apiguard {
namespace {

// The part of each text that is not the same in front or behind, in whole lines.
struct Middle {
  std::string_view before;
  std::string_view after;
};

Middle middle_of(std::string_view before, std::string_view after) {
  const std::size_t most = std::min(before.size(), after.size());
  const auto differs = std::mismatch(
      before.begin(), before.begin() + static_cast<std::ptrdiff_t>(most), after.begin());
  auto same = static_cast<std::size_t>(differs.first - before.begin());
  while (same > 0 && before[same - 1] != '\n') --same;
  before.remove_prefix(same);
  after.remove_prefix(same);
  const std::size_t rest = std::min(before.size(), after.size());
  const auto behind = std::mismatch(
      before.rbegin(), before.rbegin() + static_cast<std::ptrdiff_t>(rest), after.rbegin());
  auto tail = static_cast<std::size_t>(behind.first - before.rbegin());
  // A line is the same only from its beginning on.
  const auto begins = [tail](std::string_view text) {
    return text.size() == tail || text[text.size() - tail - 1] == '\n';
  };
  if (!begins(before) || !begins(after)) {
    const std::size_t end = before.substr(before.size() - tail).find('\n');
    tail = end == std::string_view::npos ? 0 : tail - end - 1;
  }
  before.remove_suffix(tail);
  after.remove_suffix(tail);
  return {before, after};
}

std::vector<std::string_view> sorted_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Result<Policy> entries_of(const SourceFile& file, const std::vector<std::string_view>& lines,
                          const std::vector<std::string_view>& others) {
  std::vector<std::string_view> only;
  std::set_difference(lines.begin(), lines.end(), others.begin(), others.end(),
                      std::back_inserter(only));
  SourceFile part{file.name, file.path, "", true};
  for (const std::string_view line : only) part.text += line;
  auto parsed = parse_ranges(part, {.lint = false});
  if (!parsed) return fail(parsed.error());
  for (Range& range : parsed->policy.ranges) range.origin.line = 0;  // that of the part
  return std::move(parsed->policy);
}

}  // namespace

Result<Difference> edited_entries(const SourceFile& before, const std::string& after) {
  const Middle middle = middle_of(before.text, after);
  const auto old_lines = sorted_lines(middle.before);
  const auto new_lines = sorted_lines(middle.after);
  const auto old_entries = entries_of(before, old_lines, new_lines);
  if (!old_entries) return fail(old_entries.error());
  const auto new_entries = entries_of(before, new_lines, old_lines);
  if (!new_entries) return fail(new_entries.error());
  return difference(*old_entries, *new_entries);
}

}  // namespace apiguard
