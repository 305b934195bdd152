// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/sources.hpp"

#include <algorithm>
#include <iterator>
#include <span>

#include "loader/base/time.hpp"

namespace apiguard {
namespace {

Address address_of(unsigned family, std::span<const __u8, 16> bytes) {
  Address address;
  address.family = family == APIGUARD_IPV4 ? Family::kIpv4 : Family::kIpv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

void add(DeniedSource& to, const DeniedSource& what) {
  to.packets += what.packets;
  to.would_drop += what.would_drop;
  to.first = std::min(to.first, what.first);
  if (what.last < to.last) return;
  to.last = what.last;
  to.outcome = what.outcome;
  to.reason = what.reason;
}

// As maps hold it: one before the boot is there modulo 2^64.
BootTime moment_of(__u64 value) {
  return BootTime(std::chrono::nanoseconds(static_cast<std::int64_t>(value)));
}

}  // namespace

Timestamp wall_time(BootTime boot_time, const Now& now) {
  return now.wall - (now.boot - boot_time);
}

DeniedSource denied_source(const apiguard_denied& value, const Now& now) {
  DeniedSource source;
  if (value.family != APIGUARD_ANY_ADDRESS) source.source = address_of(value.family, value.source);
  source.packets = value.packets;
  source.first = wall_time(moment_of(value.first), now);
  source.last = wall_time(moment_of(value.last), now);
  source.outcome = static_cast<apiguard_outcome>(value.outcome);
  if (source.outcome == APIGUARD_WOULD_DROP) source.would_drop = source.packets;
  source.reason = static_cast<apiguard_reason>(value.reason);
  return source;
}

AuditSource audit_source(const apiguard_seen_key& key, const apiguard_seen& value, const Now& now) {
  return {address_of(key.family, key.source), value.connections,
          wall_time(moment_of(value.first), now), wall_time(moment_of(value.last), now),
          value.days};
}

UnprovenSource unproven_source(const apiguard_seen_key& key, const apiguard_unproven& value,
                               const Now& now) {
  UnprovenSource source;
  source.source = address_of(key.family, key.source);
  source.packets = value.packets;
  source.payloads = value.payloads;
  source.first = wall_time(moment_of(value.first), now);
  source.last = wall_time(moment_of(value.last), now);
  if (value.opened != 0) {
    source.rhythm =
        Rhythm{std::chrono::nanoseconds(value.gap), wall_time(moment_of(value.since), now),
               wall_time(moment_of(value.opened), now), value.beats};
  }
  return source;
}

apiguard_seen_key seen_key(const AuditSource& source) {
  apiguard_seen_key key{};
  key.family = source.source.family == Family::kIpv4 ? APIGUARD_IPV4 : APIGUARD_IPV6;
  std::copy(source.source.bytes.begin(), source.source.bytes.end(), std::begin(key.source));
  return key;
}

apiguard_seen seen_value(const AuditSource& source, const Now& now) {
  const auto boot_time = [&](Timestamp wall) {
    return nanoseconds_of(now.boot - (now.wall - wall));
  };
  apiguard_seen value{};
  value.connections = source.connections;
  value.first = boot_time(source.first);
  value.last = boot_time(source.last);
  value.days = source.days;
  value.day = static_cast<__u32>(source.last.time_since_epoch() / 24h);
  return value;
}

std::vector<DeniedSource> united(std::vector<DeniedSource> sources) {
  std::sort(sources.begin(), sources.end(),
            [](const auto& a, const auto& b) { return a.source < b.source; });
  std::vector<DeniedSource> result;
  for (DeniedSource& source : sources) {
    if (!result.empty() && result.back().source == source.source) {
      add(result.back(), source);
    } else {
      result.push_back(source);
    }
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.packets > b.packets; });
  return result;
}

}  // namespace apiguard
