// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The way back for sources: what the maps `denied` and `seen` say, as plain values. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "apiguard/ledger.h"
#include "loader/compile/image.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard {

// A source that was refused, or in audit would have been. Under a flood its packets are an
// estimate: see struct apiguard_sampler.
struct DeniedSource {
  // none: behind more VLAN tags than are looked through
  std::optional<Address> source;
  std::uint64_t packets = 0;
  // of these passed, because mode was audit
  std::uint64_t would_drop = 0;
  Timestamp first{};
  Timestamp last{};
  // of the newest packet
  apiguard_outcome outcome = APIGUARD_DROP;
  apiguard_reason reason = APIGUARD_UNLISTED;

  friend bool operator==(const DeniedSource&, const DeniedSource&) = default;
};

// A source that had connections during an audit, listed or not.
struct AuditSource {
  Address source;
  std::uint64_t connections = 0;
  Timestamp first{};
  Timestamp last{};
  // of UTC
  unsigned days = 0;

  friend bool operator==(const AuditSource&, const AuditSource&) = default;
};

// Connections that are opened one after the other at even distances.
struct Rhythm {
  // between two
  std::chrono::nanoseconds gap{};
  Timestamp since{};
  Timestamp last{};
  // gaps in between
  std::uint64_t beats = 0;

  friend bool operator==(const Rhythm&, const Rhythm&) = default;
};

// A source that came during an audit, and of which no finished handshake was seen.
struct UnprovenSource {
  Address source;
  // samples
  std::uint64_t packets = 0;
  // of these, with payload that is for no socket of this host
  std::uint64_t payloads = 0;
  Timestamp first{};
  Timestamp last{};
  // none: it never opened a connection
  std::optional<Rhythm> rhythm;

  friend bool operator==(const UnprovenSource&, const UnprovenSource&) = default;
};

// A moment of the boot-time clock by the wall clock.
[[nodiscard]] Timestamp wall_time(BootTime boot_time, const Now& now);

[[nodiscard]] DeniedSource denied_source(const apiguard_denied& value, const Now& now);
[[nodiscard]] AuditSource audit_source(const apiguard_seen_key& key, const apiguard_seen& value,
                                       const Now& now);

[[nodiscard]] UnprovenSource unproven_source(const apiguard_seen_key& key,
                                             const apiguard_unproven& value, const Now& now);

// And back. A moment before the boot is one of the boot-time clock all the same, modulo 2^64.
[[nodiscard]] apiguard_seen_key seen_key(const AuditSource& source);
[[nodiscard]] apiguard_seen seen_value(const AuditSource& source, const Now& now);

// Each source once, what was counted in several modes or twice put together; most packets first.
[[nodiscard]] std::vector<DeniedSource> united(std::vector<DeniedSource> sources);

}  // namespace apiguard
