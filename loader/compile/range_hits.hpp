// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the map `used` says of connections, as plain values.
#pragma once

#include <cstdint>
#include <vector>

#include "apiguard/ledger.h"
#include "loader/base/time.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// Connections that a range has admitted since its entry in the map was made: in this boot.
struct RangeHits {
  Prefix prefix;
  std::uint64_t connections = 0;
  BootTime first{};
  BootTime last{};

  friend bool operator==(const RangeHits&, const RangeHits&) = default;
};

struct Hits {
  // by prefix, each once
  std::vector<RangeHits> ranges;
  // connections that found no room in the map
  apiguard_used missed{};
};

[[nodiscard]] apiguard_used_key hits_key(const Prefix& prefix);
[[nodiscard]] RangeHits hits_of(const apiguard_used_key& key, const apiguard_used& value);

// Of two maps, one of which may be a copy of the other that has gone on by itself: no connection is
// taken for two, and the earliest and the latest moment hold.
[[nodiscard]] Hits united(const Hits& a, const Hits& b);

}  // namespace apiguard
