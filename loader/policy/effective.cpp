// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which entries decide, and until when: deciding_ranges() and the like of policy.hpp.
#include <algorithm>

#include "loader/policy/order.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {
namespace {

bool is_ordered(const std::vector<Range>& ranges) {
  return std::is_sorted(ranges.begin(), ranges.end(),
                        [](const Range& a, const Range& b) { return a.prefix < b.prefix; });
}

void add_deciders(const Deciders& deciders, RangeRefs& out) {
  if (deciders.except != nullptr) out.push_back(deciders.except);
  if (const Range* allow = deciders.deciding_allow()) out.push_back(allow);
}

}  // namespace

RangeRefs deciding_ranges(const std::vector<Range>& ranges) {
  RangeRefs out;
  out.reserve(ranges.size());
  if (!is_ordered(ranges)) {
    const std::vector<Key> keys = ordered(ranges);
    for (std::size_t at = 0; at < keys.size();) {
      const auto group = group_at(keys, at);
      add_deciders(deciders(ranges, group), out);
      at += group.size();
    }
    return out;
  }
  for (std::size_t at = 0; at < ranges.size();) {
    Deciders found;
    const Prefix& prefix = ranges[at].prefix;
    for (; at < ranges.size() && ranges[at].prefix == prefix; ++at) found.add(ranges[at]);
    add_deciders(found, out);
  }
  return out;
}

std::vector<Range> effective_ranges(const std::vector<Range>& ranges) {
  std::vector<Range> out;
  const RangeRefs deciding = deciding_ranges(ranges);
  out.reserve(deciding.size());
  for (const Range* range : deciding) out.push_back(*range);
  return out;
}

bool ends_later(const Range& a, const Range& b) {
  if (!a.until || !b.until) return !a.until && b.until;
  return *a.until > *b.until;
}

bool has_ended(const Range& range, Timestamp now) { return range.until && *range.until <= now; }

}  // namespace apiguard
