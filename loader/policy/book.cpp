// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/policy/book.hpp"

#include <algorithm>
#include <limits>

namespace apiguard {
namespace {

using std::chrono::nanoseconds;

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
  const Wide booted =  // by the wall clock of now
      Wide{nanoseconds_of(moment.now.wall)} - Wide{nanoseconds_of(moment.now.boot)};
  if (is_of_this_boot(term, moment)) return booted + Wide{nanoseconds_of(term.boot_end)};
  return std::min(Wide{nanoseconds_of(term.until)}, booted + term.duration.count());
}

template <typename Entry>
void prune_entries(std::vector<Entry>& entries, nanoseconds longest, const Moment& moment) {
  const auto is_old = [&](const Entry& entry) {
    return exact_end(entry.term, moment) + longest.count() < nanoseconds_of(moment.now.wall);
  };
  entries.erase(std::remove_if(entries.begin(), entries.end(), is_old), entries.end());
}

}  // namespace

Term term_of(nanoseconds duration, const Moment& moment) {
  const auto boot_end = clamped(Wide{nanoseconds_of(moment.now.boot)} + duration.count());
  return {timestamp_of(clamped(Wide{nanoseconds_of(moment.now.wall)} + duration.count())), duration,
          moment.boot_id, BootTime(std::max(nanoseconds(boot_end), 0ns))};
}

Timestamp end_of(const Term& term, const Moment& moment) {
  const Wide end = exact_end(term, moment);
  constexpr Wide kStep = nanoseconds(1ms).count();
  return timestamp_of(clamped(end - (end % kStep + kStep) % kStep));
}

bool is_live(const Bar& bar, const Moment& moment) {
  return is_live(bar.term, moment) || (moment.doubtful && !is_of_this_boot(bar.term, moment));
}

bool is_live(const Term& term, const Moment& moment) {
  return end_of(term, moment) > moment.now.wall;
}

void prune(Book& book, nanoseconds longest, const Moment& moment) {
  if (moment.doubtful) return;
  prune_entries(book.leases, longest, moment);
  prune_entries(book.lapsing, longest, moment);
  prune_entries(book.bars, longest, moment);
}

}  // namespace apiguard
