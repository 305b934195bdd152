// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// difference() of policy.hpp.
#include <algorithm>
#include <compare>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/policy/policy.hpp"
#include "loader/policy/texts.hpp"

namespace apiguard {
namespace {

using std::chrono::nanoseconds;

// Everything that tells one entry from another, in the order of a difference.
std::strong_ordering compare(const Range& a, const Range& b) {
  if (const auto prefix = a.prefix <=> b.prefix; prefix != 0) return prefix;
  const auto order = std::tie(a.kind, a.until, a.name) <=> std::tie(b.kind, b.until, b.name);
  if (order != 0 || (a.remark.empty() && b.remark.empty())) return order;
  const auto review_a = a.remark.review();
  const auto review_b = b.remark.review();
  return std::tie(a.remark.why(), review_a) <=> std::tie(b.remark.why(), review_b);
}

// The distinct entries of a policy.
RangeRefs entries(const Policy& policy) {
  RangeRefs out;
  out.reserve(policy.ranges.size());
  for (const Range& range : policy.ranges) out.push_back(&range);
  const auto less = [](const Range* a, const Range* b) { return compare(*a, *b) < 0; };
  const auto equal = [](const Range* a, const Range* b) { return compare(*a, *b) == 0; };
  if (!std::is_sorted(out.begin(), out.end(), less)) std::stable_sort(out.begin(), out.end(), less);
  out.erase(std::unique(out.begin(), out.end(), equal), out.end());
  return out;
}

// One walk over both sides, each entry once.
void compare_entries(const RangeRefs& before, const RangeRefs& after, Difference& difference) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    const auto order = old == before.end()  ? std::strong_ordering::greater
                       : now == after.end() ? std::strong_ordering::less
                                            : compare(**old, **now);
    if (order > 0) difference.added.push_back(**now);
    if (order < 0) difference.removed.push_back(**old);
    if (order >= 0) ++now;
    if (order <= 0) ++old;
  }
}

std::string changed(std::string_view what, std::string_view before, std::string_view after) {
  return fmt::format("{}: {} -> {}", what, before, after);
}

std::string changed(std::string_view what, const std::vector<std::string>& before,
                    const std::vector<std::string>& after) {
  return changed(what, fmt::format("{}", fmt::join(before, ", ")),
                 fmt::format("{}", fmt::join(after, ", ")));
}

std::vector<std::string> texts_of(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> out;
  out.reserve(prefixes.size());
  for (const Prefix& prefix : prefixes) out.push_back(to_string(prefix));
  return out;
}

void add_changed_leases(const LeaseLimits& before, const LeaseLimits& after,
                        std::vector<std::string>& out) {
  const auto add_number = [&](std::string_view what, std::size_t from, std::size_t to) {
    if (from != to) out.push_back(changed(what, fmt::format("{}", from), fmt::format("{}", to)));
  };
  add_number("leases.max", before.max, after.max);
  add_number("leases.per_name", before.per_name, after.per_name);
  if (as_set(texts_of(before.within)) != as_set(texts_of(after.within)))
    out.push_back(changed("leases.within", texts_of(before.within), texts_of(after.within)));
  if (before.longest != after.longest) {
    out.push_back(
        changed("leases.longest", format_duration(before.longest), format_duration(after.longest)));
  }
}

void add_changed_lapses(const std::map<std::string, nanoseconds>& before,
                        const std::map<std::string, nanoseconds>& after,
                        std::vector<std::string>& out) {
  std::map<std::string, std::pair<nanoseconds, nanoseconds>> files;  // 0: none
  for (const auto& [file, lapse] : before) files[file].first = lapse;
  for (const auto& [file, lapse] : after) files[file].second = lapse;
  const auto shown = [](nanoseconds lapse) {
    return lapse == 0s ? "none" : format_duration(lapse);
  };
  for (const auto& [file, lapse] : files) {
    if (lapse.first == lapse.second) continue;
    out.push_back(changed("lapse of " + file, shown(lapse.first), shown(lapse.second)));
  }
}

std::vector<std::string> changed_settings(const Policy& before, const Policy& after) {
  std::vector<std::string> out;
  if (before.mode != after.mode) {
    out.push_back(changed("mode", to_string(before.mode), to_string(after.mode)));
  }
  if (before.xdp_mode != after.xdp_mode) {
    out.push_back(changed("xdp_mode", to_string(before.xdp_mode), to_string(after.xdp_mode)));
  }
  if (as_set(before.interfaces) != as_set(after.interfaces)) {
    out.push_back(changed("interfaces", before.interfaces, after.interfaces));
  }
  if (as_set(endpoint_texts(before)) != as_set(endpoint_texts(after))) {
    out.push_back(changed("endpoints", endpoint_texts(before), endpoint_texts(after)));
  }
  add_changed_leases(before.leases, after.leases, out);
  add_changed_lapses(before.lapses, after.lapses, out);
  return out;
}

}  // namespace

Difference difference(const Policy& before, const Policy& after) {
  Difference difference;
  compare_entries(entries(before), entries(after), difference);
  difference.settings = changed_settings(before, after);
  return difference;
}

}  // namespace apiguard
