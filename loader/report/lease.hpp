// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What `lease` did, for people and for scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/policy/grant_lease.hpp"

namespace apiguard::report {

struct Leases {
  bool changed = false;
  // in force afterwards; 0: none
  std::uint64_t generation = 0;
  // of it
  std::uint64_t edition = 0;
  std::vector<LeaseAnswer> answers;
  std::vector<std::string> warnings;
};

// "12 leases renewed until ...", a line for each result, with the first addresses of those that are
// new.
[[nodiscard]] std::string to_text(const Leases& leases);

// "lease '198.51.100.7/32': barred: why": a line for each that is not in force.
[[nodiscard]] std::vector<std::string> refusals(const std::vector<LeaseAnswer>& answers);

// {schema, changed, generation, edition, leases[]{cidr, name, until, result, in_force, why},
// warnings[]}; name, until and why are null where there is none.
[[nodiscard]] std::string to_json(const Leases& leases);

}  // namespace apiguard::report
