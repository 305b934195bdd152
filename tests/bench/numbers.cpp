// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/numbers.hpp"

#include <algorithm>

namespace apiguard::bench {

double median(Runs runs) {
  if (runs.empty()) return 0;
  std::sort(runs.begin(), runs.end());
  const std::size_t middle = runs.size() / 2;
  return runs.size() % 2 != 0 ? runs[middle] : (runs[middle - 1] + runs[middle]) / 2;
}

std::pair<double, double> extremes(const Runs& runs) {
  if (runs.empty()) return {0, 0};
  const auto [least, greatest] = std::minmax_element(runs.begin(), runs.end());
  return {*least, *greatest};
}

Runs minus(const Runs& left, const Runs& right) {
  Runs difference;
  for (std::size_t i = 0; i < left.size() && i < right.size(); ++i)
    difference.push_back(left[i] - right[i]);
  return difference;
}

}  // namespace apiguard::bench
