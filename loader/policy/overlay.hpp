// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is judged: the text with what the book adds to it. Pure.
#pragma once

#include <string>
#include <vector>

#include "loader/policy/book.hpp"

namespace apiguard {

struct Overlay {
  // to be added to those of the text, sorted as they are
  std::vector<Range> ranges;
  // "lease '198.51.100.7/32' of 'ci': why it is not listed", for people.
  std::vector<std::string> left_out;
};

// Lapsing lines, where no line of the text replaces them; then leases, each within policy.leases. A
// lease never overrides an except of the list. While one applies, the overlay adds an except of the
// prefix of the lease, which ends with it. If a later one applies, the lease ends there. Bars do
// not act here.
[[nodiscard]] Overlay overlay(const Policy& text, const Book& book, const Moment& moment);

// A line that lapses, and a lease, as the range that an overlay makes of it alone.
[[nodiscard]] Range range_of(const Lapsing& lapsing, const Moment& moment);
[[nodiscard]] Range range_of(const Lease& lease, const Moment& moment);

// The text with the ranges of its overlay, in the order that Policy::ranges wants.
[[nodiscard]] Policy with_ranges(Policy text, std::vector<Range> ranges);
[[nodiscard]] Policy with_book(Policy text, const Book& book, const Moment& moment);

// What an overlay has added, by its origin. Of a lease there may be two, the except in front.
[[nodiscard]] bool is_lease(const Range& range);
[[nodiscard]] bool is_lapsing(const Range& range);
// The file that a lapsing one vanished from; of all others where they stand, as to_string().
[[nodiscard]] std::string origin_of(const Range& range);

}  // namespace apiguard
