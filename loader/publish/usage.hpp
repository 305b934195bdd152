// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// How many connections each range admitted, and since when the generation in force lets that be
// known.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/ledger/usage.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct UsageView {
  ledger::UsageLog log;
  // none: not every packet is judged, or it is not known
  std::optional<Timestamp> observed_since;
  // as in UsageRead
  std::vector<std::string> warnings;
  // as in UsageRead
  std::vector<std::string> unread;
};

// What can be read of it; writes nothing.
[[nodiscard]] UsageView read_usage(const Host& host, const World& world);

// Whether it judges no packet: mode is off, or nothing is known of it.
[[nodiscard]] bool judges_nothing(const InForce& in_force);

// Whether the generation in force attributes connections to ranges.
[[nodiscard]] bool attributes_connections(const Host& host, const World& world);

}  // namespace apiguard::publish
