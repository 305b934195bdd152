// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rows of text in aligned columns, two spaces apart, for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiguard::report {

// As many cells as the header has; an empty one is shown as "-", control characters as "?".
using Row = std::vector<std::string>;

// How a table fits a terminal. Without a width it has all of its columns, as wide as they are.
struct Fit {
  std::optional<std::size_t> width;
  // Headers of the columns that may go, the first of them first, until the rest has room. Columns
  // without a value in any row go before them.
  std::vector<std::string_view> dispensable = {};
  // then the last column is cut, "..." at its end
  bool cuts_last = false;
};

// For rows that are too many to be kept: each is measured first and shown later.
class TableLayout {
 public:
  explicit TableLayout(Row header, Fit fit = {});

  void measure(const Row& row);
  // Every line ends with a newline, none with a space.
  [[nodiscard]] std::string header() const { return line(header_); }
  [[nodiscard]] std::string line(const Row& row) const;

 private:
  [[nodiscard]] const std::vector<std::size_t>& shown() const;
  [[nodiscard]] std::vector<std::size_t> choose() const;
  [[nodiscard]] std::size_t width_of(const std::vector<std::size_t>& columns) const;
  [[nodiscard]] std::string cut(std::string cell, std::size_t before) const;

  Row header_;
  Fit fit_;
  std::vector<std::size_t> widths_;
  std::vector<bool> filled_;
  // columns; empty: not chosen yet
  mutable std::vector<std::size_t> shown_;
};

class Table {
 public:
  explicit Table(Row header, Fit fit = {}) : layout_(std::move(header), std::move(fit)) {}

  void add(Row row);

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // The header, then the rows.
  [[nodiscard]] std::string text() const;

 private:
  TableLayout layout_;
  std::vector<Row> rows_;
};

}  // namespace apiguard::report
