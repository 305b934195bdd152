// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Rows of text in aligned columns, two spaces apart, for people.
#pragma once

#include <string>
#include <vector>

namespace apiguard::report {

class Table {
 public:
  explicit Table(std::vector<std::string> header);

  // As many cells as the header has; an empty one is shown as "-", control characters as "?".
  void add(std::vector<std::string> cells);

  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  // The header, then the rows; every line ends with a newline, none with a space.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace apiguard::report
