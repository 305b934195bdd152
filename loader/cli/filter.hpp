// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// `list NAME|CIDR|ADDRESS...`: which entries are meant. Pure.
#pragma once

#include <vector>

#include "loader/policy/edit.hpp"
#include "loader/policy/policy.hpp"
#include "loader/report/list.hpp"

namespace apiguard::cli {

// A name means the entries of exactly that name. A CIDR means those that overlap it: inside it,
// equal, or around it; so an address means those that contain it.
[[nodiscard]] bool is_meant(const Selector& selector, const Range& range);
[[nodiscard]] bool is_meant(const Selector& selector, const Bar& bar);

// Leaves what one of the selectors means, in the order that it has; all of it where there is none.
[[nodiscard]] RangeRefs keep_meant(const std::vector<Selector>& selectors, RangeRefs ranges);
[[nodiscard]] std::vector<report::BarLine> keep_meant(const std::vector<Selector>& selectors,
                                                      std::vector<report::BarLine> bars);

}  // namespace apiguard::cli
