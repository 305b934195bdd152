// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rows of text in aligned columns, two spaces apart, for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace apiguard::report {

// As many cells as the header has; an empty one is shown as "-", control characters as "?".
using Row = std::vector<std::string>;

// For rows that are too many to be kept: each is measured first and shown later.
class TableLayout {
 public:
  explicit TableLayout(Row header);

  void measure(const Row& row);
  // Every line ends with a newline, none with a space.
  [[nodiscard]] std::string header() const { return line(header_); }
  [[nodiscard]] std::string line(const Row& row) const;

 private:
  Row header_;
  std::vector<std::size_t> widths_;
};

class Table {
 public:
  explicit Table(Row header) : layout_(std::move(header)) {}

  void add(Row row);

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // The header, then the rows.
  [[nodiscard]] std::string text() const;

 private:
  TableLayout layout_;
  std::vector<Row> rows_;
};

}  // namespace apiguard::report
