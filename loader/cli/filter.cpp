// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/filter.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace apiguard::cli {
namespace {

bool matches(const Selector& selector, const std::optional<Prefix>& prefix,
             const std::string& name) {
  if (!selector.prefix) return selector.name == name;
  return prefix && (covers(*selector.prefix, *prefix) || covers(*prefix, *selector.prefix));
}

const Range& range_or_bar(const Range* range) { return *range; }
const Bar& range_or_bar(const report::BarLine& line) { return line.bar; }

template <typename Entries>
Entries keep(const std::vector<Selector>& selectors, Entries entries) {
  if (selectors.empty()) return entries;
  std::erase_if(entries, [&](const auto& entry) {
    return std::none_of(selectors.begin(), selectors.end(), [&](const Selector& selector) {
      return is_meant(selector, range_or_bar(entry));
    });
  });
  return entries;
}

}  // namespace

bool is_meant(const Selector& selector, const Range& range) {
  return matches(selector, range.prefix, range.name);
}

bool is_meant(const Selector& selector, const Bar& bar) {
  return matches(selector, bar.prefix, bar.name);
}

RangeRefs keep_meant(const std::vector<Selector>& selectors, RangeRefs ranges) {
  return keep(selectors, std::move(ranges));
}

std::vector<report::BarLine> keep_meant(const std::vector<Selector>& selectors,
                                        std::vector<report::BarLine> bars) {
  return keep(selectors, std::move(bars));
}

}  // namespace apiguard::cli
