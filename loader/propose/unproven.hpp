// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Sources of an audit of which no finished handshake was seen: who they may be. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::propose {

enum class UnprovenKind {
  // opens connections, and never finishes a handshake
  kProbe,
  // sends payload that is for no socket of this host
  kTranslated,
  kUnknown
};

struct Unproven {
  Address source;
  std::uint64_t packets = 0;
  Timestamp first{};
  Timestamp last{};
  UnprovenKind kind = UnprovenKind::kUnknown;
  // steady for ten minutes or longer, as health checks are
  std::optional<Rhythm> rhythm;
};

// Those that the list refuses, without an except, and that are not among `seen` (by address): first
// those with a rhythm, the longest one first, then by packets. `denied`: what an audit would have
// dropped; `remembered`: what the kernel knows of sources beside.
[[nodiscard]] std::vector<Unproven> find_unproven(const std::vector<DeniedSource>& denied,
                                                  const std::vector<UnprovenSource>& remembered,
                                                  const std::vector<AuditSource>& seen,
                                                  const std::vector<Range>& ranges, Timestamp now);

[[nodiscard]] std::string_view to_string(UnprovenKind kind);

// Addresses that health checks of a cloud come from, as it documents them.
struct HealthChecks {
  // "Google Cloud"
  std::string_view cloud;
  // all of them, "CIDR CIDR"
  std::string_view ranges;
  // where that is documented
  std::string_view source;
};
// Null if this is none.
[[nodiscard]] const HealthChecks* known_health_checks(const Address& address);

}  // namespace apiguard::propose
