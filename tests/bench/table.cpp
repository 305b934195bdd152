// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/table.hpp"

#include <algorithm>

namespace apiguard::bench {
namespace {

std::vector<std::size_t> widths(const Table& table) {
  std::vector<std::size_t> result;
  for (const auto& row : table) {
    result.resize(std::max(result.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) result[i] = std::max(result[i], row[i].size());
  }
  return result;
}

std::string padded(const std::string& text, std::size_t width, bool left) {
  const std::string blanks(width - text.size(), ' ');
  return left ? text + blanks : blanks + text;
}

}  // namespace

std::string as_text(const Table& table) {
  const auto width = widths(table);
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += (i > 0 ? "  " : "") + padded(row[i], width[i], i == 0);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string as_markdown(const Table& table) {
  std::string text;
  for (std::size_t i = 0; i < table.size(); ++i) {
    for (const std::string& cell : table[i]) text += "| " + cell + " ";
    text += "|\n";
    if (i > 0) continue;
    for (std::size_t column = 0; column < table[0].size(); ++column)
      text += column == 0 ? "|---" : "|---:";
    text += "|\n";
  }
  return text;
}

}  // namespace apiguard::bench
