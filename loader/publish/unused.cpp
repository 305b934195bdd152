// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/unused.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/time.hpp"
#include "loader/host/peers.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard::publish {
namespace {

std::string doubt(const UsageView& used, Timestamp now, std::chrono::nanoseconds lasts) {
  if (!used.observed_since) {
    return "not every packet is judged, or it is not known since when: no range can be called "
           "unused";
  }
  if (*used.observed_since > now - lasts) {
    return fmt::format("connections have been observed since {}, less than {} ago",
                       format_timestamp(*used.observed_since),
                       show_duration(std::chrono::duration_cast<std::chrono::seconds>(lasts)));
  }
  if (used.log.missed && *used.log.missed >= now - lasts) {
    return fmt::format(
        "the kernel had no room to note a connection at {}: no range can be called "
        "unused",
        format_timestamp(*used.log.missed));
  }
  return {};
}

// The prefixes of ranges that connected clients pass by.
Result<std::set<Prefix>> find_live(const Policy& policy, Timestamp now) {
  const auto connections = list_connections(policy.endpoints);
  if (!connections) return fail(connections.error());
  std::vector<Address> peers;
  peers.reserve(connections->size());
  for (const Connection& connection : *connections) peers.push_back(connection.peer);
  std::set<Prefix> live;
  for (const Range* range : deciding_for(policy.ranges, peers, now)) {
    if (admits(range)) live.insert(range->prefix);
  }
  return live;
}

}  // namespace

Unused find_unused(const World& world, const UsageView& used, const RangeRefs& ranges,
                   std::chrono::nanoseconds lasts) {
  const Timestamp now = clocks(world).wall;
  Unused unused;
  unused.in_doubt = doubt(used, now, lasts);
  if (!unused.in_doubt.empty()) return unused;
  const auto live = find_live(*world.judged(), now);
  if (!live) {
    unused.in_doubt = live.error().message + ": no range can be called unused";
    return unused;
  }
  unused.ranges = ledger::unused_since(used.log, ranges, now - lasts);
  std::erase_if(unused.ranges, [&](const Range* range) { return live->contains(range->prefix); });
  return unused;
}

}  // namespace apiguard::publish
