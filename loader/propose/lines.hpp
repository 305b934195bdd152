// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A text as lines. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace apiguard::propose {

struct Line {
  // from 1
  std::size_t number = 1;
  // spaces in front
  std::size_t indent = 0;
  // behind them, without what ends the line (LF or CR LF); "" if blank
  std::string_view text;

  [[nodiscard]] bool blank() const { return text.empty() || text.front() == '#'; }
  // A tab in front is no indentation in YAML, but nothing that begins in the first column either.
  [[nodiscard]] bool indented() const { return indent > 0 || text.starts_with('\t'); }
  [[nodiscard]] bool is_item() const { return text == "-" || text.starts_with("- "); }
};

[[nodiscard]] std::vector<Line> split_lines(std::string_view text, std::size_t first_line = 1);

}  // namespace apiguard::propose
