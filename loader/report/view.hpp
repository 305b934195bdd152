// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// For whom a table is: a terminal has a width, and shows how far away a time is; a pipe, or who
// asks for everything, gets all of it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "loader/report/ends.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {

struct View {
  // of the terminal; none: everything is shown
  std::optional<std::size_t> columns = std::nullopt;

  [[nodiscard]] Times times() const { return columns ? Times::kRelative : Times::kWhole; }
  [[nodiscard]] Fit fit(std::initializer_list<std::string_view> dispensable) const {
    return {columns, dispensable, false};
  }
};

}  // namespace apiguard::report
