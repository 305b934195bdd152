// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/book.hpp"

#include <algorithm>
#include <limits>

namespace apiguard {
namespace {

// A damaged book may hold any number, and so may a clock.
__extension__ using Wide = __int128;

std::int64_t clamped(Wide value) {
  constexpr Wide kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(value, kLeast, kMost));
}

bool is_of_this_boot(const Term& term, const Moment& moment) {
  return !term.boot_id.empty() && term.boot_id == moment.boot_id;
}

Wide exact_end(const Term& term, const Moment& moment) {
  const Wide booted = Wide{moment.now.wall} - Wide{moment.now.boot};  // by the wall clock of now
  if (is_of_this_boot(term, moment)) return booted + Wide{term.boot_end};
  return std::min(Wide{term.until}, booted + term.duration);
}

template <typename Entry>
void prune_entries(std::vector<Entry>& entries, std::int64_t longest, const Moment& moment) {
  const auto is_old = [&](const Entry& entry) {
    return exact_end(entry.term, moment) + longest < moment.now.wall;
  };
  entries.erase(std::remove_if(entries.begin(), entries.end(), is_old), entries.end());
}

}  // namespace

Term term_of(std::int64_t duration, const Moment& moment) {
  const auto boot_end = clamped(Wide{moment.now.boot} + duration);
  return {clamped(Wide{moment.now.wall} + duration), duration, moment.boot_id,
          static_cast<std::uint64_t>(std::max<std::int64_t>(boot_end, 0))};
}

Timestamp end_of(const Term& term, const Moment& moment) {
  const Wide end = exact_end(term, moment);
  return clamped(end - (end % kMillisecond + kMillisecond) % kMillisecond);
}

bool is_live(const Bar& bar, const Moment& moment) {
  return is_live(bar.term, moment) || (moment.doubtful && !is_of_this_boot(bar.term, moment));
}

bool is_live(const Term& term, const Moment& moment) {
  return end_of(term, moment) > moment.now.wall;
}

void prune(Book& book, std::int64_t longest, const Moment& moment) {
  if (moment.doubtful) return;
  prune_entries(book.leases, longest, moment);
  prune_entries(book.lapsing, longest, moment);
  prune_entries(book.bars, longest, moment);
}

}  // namespace apiguard
