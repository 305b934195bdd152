// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/table.hpp"

#include <algorithm>
#include <utility>

#include "loader/base/masked.hpp"

namespace apiguard::report {
namespace {

constexpr std::size_t kGap = 2;  // between two columns

// Cells that a row does not have are empty ones.
std::string cell_of(const Row& row, std::size_t column) {
  if (column >= row.size() || row[column].empty()) return "-";
  return masked_line(row[column]);
}

}  // namespace

TableLayout::TableLayout(Row header, Fit fit)
    : header_(std::move(header)),
      fit_(std::move(fit)),
      widths_(header_.size()),
      filled_(header_.size()) {
  measure(header_);
  filled_.assign(header_.size(), false);
}

void TableLayout::measure(const Row& row) {
  shown_.clear();
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const std::size_t width = i < row.size() ? row[i].size() : 0;
    widths_[i] = std::max({widths_[i], width, std::size_t{1}});
    if (width != 0) filled_[i] = true;
  }
}

std::size_t TableLayout::width_of(const std::vector<std::size_t>& columns) const {
  std::size_t width = 0;
  for (const std::size_t column : columns) width += widths_[column] + kGap;
  return width - std::min(width, kGap);
}

std::vector<std::size_t> TableLayout::choose() const {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    if (!fit_.width || filled_[i] || i == 0) columns.push_back(i);
  }
  for (const std::string_view header : fit_.dispensable) {
    if (!fit_.width || width_of(columns) <= *fit_.width) break;
    std::erase_if(columns, [&](std::size_t column) { return header_[column] == header; });
  }
  return columns;
}

const std::vector<std::size_t>& TableLayout::shown() const {
  if (shown_.empty()) shown_ = choose();
  return shown_;
}

// No character of several bytes is cut in two.
std::string TableLayout::cut(std::string cell, std::size_t before) const {
  constexpr std::string_view kDots = "...";
  constexpr std::size_t kLeast = 8;
  if (!fit_.width || !fit_.cuts_last || before + cell.size() <= *fit_.width) return cell;
  std::size_t room = std::max(kLeast, *fit_.width - std::min(*fit_.width, before)) - kDots.size();
  if (cell.size() <= room + kDots.size()) return cell;
  while (room > 0 && (static_cast<unsigned char>(cell[room]) & 0xc0U) == 0x80U) --room;
  return cell.substr(0, room).append(kDots);
}

std::string TableLayout::line(const Row& row) const {
  std::string text;
  for (const std::size_t column : shown()) {
    const bool last = column == shown().back();
    const std::string cell = last ? cut(cell_of(row, column), text.size()) : cell_of(row, column);
    text += cell;
    if (!last) text.append(widths_[column] - cell.size() + kGap, ' ');
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
