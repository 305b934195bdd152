// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/table.hpp"

#include <algorithm>
#include <utility>

#include "loader/base/masked.hpp"

namespace apiguard::report {
namespace {

// Cells that a row does not have are empty ones.
std::string cell_of(const Row& row, std::size_t column) {
  if (column >= row.size() || row[column].empty()) return "-";
  return masked_line(row[column]);
}

}  // namespace

TableLayout::TableLayout(Row header) : header_(std::move(header)), widths_(header_.size()) {
  measure(header_);
}

void TableLayout::measure(const Row& row) {
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const std::size_t width = i < row.size() ? row[i].size() : 0;
    widths_[i] = std::max({widths_[i], width, std::size_t{1}});
  }
}

std::string TableLayout::line(const Row& row) const {
  std::string text;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const std::string cell = cell_of(row, i);
    text += cell;
    if (i + 1 < widths_.size()) text.append(widths_[i] - cell.size() + 2, ' ');
  }
  return text += '\n';
}

void Table::add(Row row) {
  layout_.measure(row);
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::string text = layout_.header();
  for (const Row& row : rows_) text += layout_.line(row);
  return text;
}

}  // namespace apiguard::report
