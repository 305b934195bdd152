// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/audited.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/number.hpp"
#include "loader/base/time.hpp"
#include "loader/compile/compile.hpp"
#include "loader/host/conntrack.hpp"
#include "loader/ledger/audit_sources.hpp"
#include "loader/ledger/sources.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard::publish {
namespace {

constexpr std::size_t kShown = 10;

// What has been listed since is no reason to hesitate. What no header named a source of stays.
void keep_unlisted(std::vector<DeniedSource>& sources, const Policy& policy, Timestamp now) {
  std::vector<Address> addresses;
  addresses.reserve(sources.size());
  for (const DeniedSource& source : sources) {
    if (source.source) addresses.push_back(*source.source);
  }
  const auto deciding = deciding_for(policy.ranges, addresses, now);
  std::size_t at = 0;
  std::erase_if(
      sources, [&](const DeniedSource& source) { return source.source && admits(deciding[at++]); });
}

using Connections = std::map<Address, std::uint64_t>;

std::uint64_t connections_of(const Connections& connections, const DeniedSource& source) {
  const auto found = source.source ? connections.find(*source.source) : connections.end();
  return found == connections.end() ? 0 : found->second;
}

std::string line_of(const DeniedSource& source, std::uint64_t connections, Timestamp now) {
  const std::string name = source.source ? to_string(*source.source) : "behind too many VLAN tags";
  std::string text = fmt::format("\n  {}  {}", name, count_of(source.packets, "packet"));
  if (connections != 0) text += fmt::format(", {}", count_of(connections, "connection"));
  return text + fmt::format(", last {} ago",
                            show_duration(std::chrono::duration_cast<std::chrono::seconds>(
                                std::max<std::chrono::nanoseconds>(0s, now - source.last))));
}

}  // namespace

Result<std::vector<DeniedSource>> find_would_drop(const Host& host, const World& world,
                                                  const Policy& policy) {
  std::vector<DeniedSource> none;
  if (!world.in_force || world.in_force->settings.mode != APIGUARD_MODE_AUDIT) return none;
  const auto map = host.pins.open_ledger_map(datapath::LedgerMap::kDenied);
  if (!map && map.error().os_error == ENOENT) return none;  // audited by an older version
  if (!map) return fail(map.error());
  const Now now = clocks(world);
  auto sources = ledger::read_denied(map->get(), now, world.in_force->settings.since);
  if (!sources) return fail(sources.error());
  std::erase_if(*sources,
                [](const DeniedSource& source) { return source.outcome != APIGUARD_WOULD_DROP; });
  keep_unlisted(*sources, policy, now.wall);
  return sources;
}

std::optional<Timestamp> mode_began(const World& world) {
  if (!world.in_force || world.in_force->settings.since == 0) return std::nullopt;
  for (const StoredRecord& kept : world.records) {
    if (kept.generation >= world.in_force->settings.since &&
        kept.generation <= world.in_force->generation && kept.meta)
      return kept.meta->time;
  }
  return std::nullopt;
}

Result<std::vector<UnprovenSource>> find_unproven(const Host& host, const World& world) {
  std::vector<UnprovenSource> none;
  if (!world.in_force || world.in_force->settings.mode != APIGUARD_MODE_AUDIT) return none;
  const auto map = host.pins.open_ledger_map(datapath::LedgerMap::kUnproven);
  if (!map && map.error().os_error == ENOENT) return none;  // audited by an older version
  if (!map) return fail(map.error());
  auto sources = ledger::read_unproven(map->get(), clocks(world));
  const auto began = mode_began(world);
  if (!sources || !began) return sources;
  std::erase_if(*sources, [&](const UnprovenSource& source) { return source.last < *began; });
  return sources;
}

std::vector<AuditSource> find_audited(const Host& host, const World& world,
                                      std::vector<std::string>& warnings) {
  auto seen = ledger::read_audit_sources(host, clocks(world));
  if (!seen) {
    warnings.push_back(seen.error().message + ": the sources seen in audit are not known");
    seen = std::vector<AuditSource>();
  }
  auto unproven = find_unproven(host, world);
  if (!unproven) {
    warnings.push_back(unproven.error().message + ": translated connections are not known");
    return std::move(*seen);
  }
  std::erase_if(*unproven, [](const UnprovenSource& source) { return source.payloads == 0; });
  if (unproven->empty()) return std::move(*seen);
  const auto answered = list_answered(endpoints_of(*world.in_force));
  if (!answered) {
    warnings.push_back(answered.error().message + ": translated connections are not known");
    return std::move(*seen);
  }
  for (const UnprovenSource& source : *unproven) {
    const auto at = answered->find(source.source);
    if (at != answered->end())
      seen->push_back({source.source, at->second, source.first, source.last, 1});
  }
  std::sort(seen->begin(), seen->end(),
            [](const AuditSource& a, const AuditSource& b) { return a.source < b.source; });
  return std::move(*seen);
}

std::string describe(std::vector<DeniedSource> sources, const std::vector<AuditSource>& seen,
                     Timestamp now) {
  if (sources.empty()) return {};
  Connections connections;
  for (const AuditSource& source : seen) connections[source.source] = source.connections;
  const auto had_some = [&](const DeniedSource& source) {
    return connections_of(connections, source) != 0;
  };
  const auto unproven = std::stable_partition(sources.begin(), sources.end(), had_some);
  const auto connected = static_cast<std::size_t>(std::distance(sources.begin(), unproven));
  std::uint64_t packets = 0;
  for (const DeniedSource& source : sources) packets += source.packets;
  std::string text = fmt::format("since the audit began, {} from {} would have been dropped:",
                                 count_of(packets, "packet"), count_of(sources.size(), "source"));
  const std::size_t shown = std::min(connected, kShown);
  for (std::size_t i = 0; i < shown; ++i)
    text += line_of(sources[i], connections_of(connections, sources[i]), now);
  if (connected == 0) return text;
  if (shown < connected) text += fmt::format("\n  and {} more", connected - shown);
  return text + "\n'apiguard suggest' prints the commands that allow those with connections";
}

}  // namespace apiguard::publish
