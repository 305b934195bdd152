// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/lines.hpp"

#include <algorithm>

#include "loader/base/trim.hpp"

namespace apiguard::propose {

std::vector<Line> split_lines(std::string_view text, std::size_t first_line) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty()) line = {};
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    lines.push_back({first_line++, indent, line.substr(indent)});
  }
  return lines;
}

}  // namespace apiguard::propose
