// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What was measured, for people: ratios first.
#pragma once

#include <string>

#include "tests/bench/machine.hpp"

namespace apiguard::bench {

enum class Style { kText, kMarkdown };

// All of a report file; parts that were not measured are left out. Markdown is the short form.
[[nodiscard]] std::string show(const Json& report, Style style);

// Cost per packet over the length of the list, one line a program, both axes logarithmic: an SVG.
[[nodiscard]] std::string plot(const Json& report);

// ---- what both are made of ----

// Of one cell of the micro benchmark: a program's runs over those of the empty program.
[[nodiscard]] std::vector<double> over_empty(const Json& cell, const std::string& program);

[[nodiscard]] std::string count_text(std::size_t count);  // "100k"

}  // namespace apiguard::bench
