// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// RUN_DIR/traced: what the machine's log has been told, so that each change is told once although
// every verb is a process of its own, and a crowd of leases once a minute. A boot empties the
// folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/grant_lease.hpp"

namespace apiguard {

// Leases that were given since the log was told of leases.
struct LeasesToTell {
  std::size_t added = 0;
  std::size_t renewed = 0;
  // of the last of them; 0: nothing was in force
  std::uint64_t generation = 0;
  // some of those who asked for them
  std::set<std::string> by;
  // and some of the leases
  std::vector<std::string> entries;

  [[nodiscard]] bool empty() const { return added + renewed == 0; }
  friend bool operator==(const LeasesToTell&, const LeasesToTell&) = default;
};
// Counts what these answers added and renewed.
void add_leases(LeasesToTell& leases, std::uint64_t generation, const std::string& by,
                const std::vector<LeaseAnswer>& answers);

struct Traced {
  // the last that was told; 0: not known
  std::uint64_t generation = 0;
  // when leases were told last; 0: never
  BootTime leases_at{};
  LeasesToTell leases;

  friend bool operator==(const Traced&, const Traced&) = default;
};

// Whether leases may be told at `boot`: a minute after the last time.
[[nodiscard]] bool is_due(const Traced& traced, BootTime boot);

// What cannot be read is as if nothing had been told.
[[nodiscard]] Traced read_traced(const std::string& run_dir);
// Needs the lock.
[[nodiscard]] Result<> write_traced(const std::string& run_dir, const Traced& traced);

}  // namespace apiguard
