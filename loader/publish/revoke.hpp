// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a revoke takes out of the book.
#pragma once

#include <vector>

#include "loader/policy/edit.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct TakenOut {
  Book book;                   // without them
  std::vector<Range> ranges;   // lapsing lines that were listed
  std::vector<Selector> rest;  // name something in the files, or nothing at all
};

// The lapsing lines that a selector names. `files`: as they are; they need not parse.
[[nodiscard]] TakenOut take_lapsing(const World& world, const Sources& files,
                                    const std::vector<Selector>& selectors);

}  // namespace apiguard::publish
