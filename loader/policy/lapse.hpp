// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which lines lapse: those that vanish from a drop-in with a `#lapse` header stay for a while, so
// that a file that came empty or torn cuts nobody. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/policy/book.hpp"

namespace apiguard {

// A line of the text that stands in the place of a lapsing one: it is of the same prefix, and had
// not ended when the lapse began.
[[nodiscard]] bool replaces(const Range& line, const Lapsing& lapsing);

// The lapsing lines of the book after a publish, sorted by prefix, allow before except. `before`:
// the text in force, null if nothing is; `after`: the one that is published. Of `known`, the
// lapsing lines so far, those are forgotten that `before` has again. `notes` gets a line for each
// file whose lines begin to lapse, and one for lapses that end because of a new `except`.
[[nodiscard]] std::vector<Lapsing> lapsing_after(const std::vector<Lapsing>& known,
                                                 const Policy* before, const Policy& after,
                                                 const Moment& moment,
                                                 std::vector<std::string>& notes);

}  // namespace apiguard
