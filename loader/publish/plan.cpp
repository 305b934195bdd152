// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

Difference Plan::shown() const {
  Difference all = difference;
  all.removed.insert(all.removed.end(), taken_out.begin(), taken_out.end());
  return all;
}

bool is_wide(const Range& range) {
  const bool ipv4 = range.prefix.address.family == Family::kIpv4;
  return range.prefix.length < (ipv4 ? kWide4 : kWide6);
}

}  // namespace apiguard::publish
