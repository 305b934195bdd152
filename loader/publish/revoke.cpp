// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/revoke.hpp"

#include <algorithm>
#include <iterator>

#include "loader/policy/overlay.hpp"

namespace apiguard::publish {
namespace {

template <typename Line>  // Range or Lapsing
bool names(const Selector& selector, const Line& line) {
  if (selector.prefix) return *selector.prefix == line.prefix;
  return !line.name.empty() && selector.name == line.name;
}

template <typename Line>
bool names_any(const Selector& selector, const std::vector<Line>& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const Line& line) { return names(selector, line); });
}

template <typename Line>
bool is_named(const std::vector<Selector>& selectors, const Line& line) {
  return std::any_of(selectors.begin(), selectors.end(),
                     [&](const Selector& selector) { return names(selector, line); });
}

std::vector<Range> lines_of(const Sources& files) {
  std::vector<Range> lines = entries_elsewhere(files);
  auto own = parse_ranges(files.ranges, {.lint = false});
  if (own) {
    lines.insert(lines.end(), std::make_move_iterator(own->policy.ranges.begin()),
                 std::make_move_iterator(own->policy.ranges.end()));
  }
  return lines;
}

}  // namespace

TakenOut take_lapsing(const World& world, const Sources& files,
                      const std::vector<Selector>& selectors) {
  TakenOut out{world.booked(), {}, selectors};
  std::erase_if(out.book.lapsing, [&](const Lapsing& one) { return is_named(selectors, one); });
  if (out.book.lapsing.size() == world.booked().lapsing.size()) return out;
  Policy text;
  text.ranges = lines_of(files);
  Book lapsing;
  lapsing.lapsing = world.booked().lapsing;
  const Overlay listed = overlay(text, lapsing, moment_of(world));
  std::copy_if(listed.ranges.begin(), listed.ranges.end(), std::back_inserter(out.ranges),
               [&](const Range& range) { return is_named(selectors, range); });
  std::erase_if(out.rest, [&](const Selector& selector) {
    return names_any(selector, out.ranges) && !names_any(selector, text.ranges);
  });
  return out;
}

}  // namespace apiguard::publish
