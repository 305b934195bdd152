// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is enforced where, and what became of the packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/host/detached.hpp"
#include "loader/policy/policy.hpp"
#include "loader/report/names.hpp"

namespace apiguard::report {

struct InterfaceStatus {
  // a glob that matches nothing stands for itself
  std::string name;
  // none: no such interface
  std::optional<int> ifindex;
  // a link of ours is on it
  bool attached = false;
  // kNative or kGeneric, if attached
  std::optional<XdpMode> xdp_mode;
  std::optional<std::uint32_t> prog_id;
  std::optional<std::uint32_t> link_id;
};

// A filter of apiguard on an interface here whose pins are not in our folder: they lie in another
// mount of bpffs, or in the folder of another instance.
struct UnpinnedFilter {
  // of the interface
  std::string name;
  int ifindex = 0;
  std::uint32_t prog_id = 0;
  std::uint64_t generation = 0;
  Mode mode = Mode::kEnforce;
};

// What a boot has to publish is not, or not all, as it was written.
struct DamagedState {
  // 0: not known
  std::uint64_t generation = 0;
  // in its place, or itself; none: nothing is in force
  std::optional<std::uint64_t> published;
  std::string why;
};

// Of the book, whether the list says the same anyway or not.
struct LeaseCounts {
  // that have not ended
  std::size_t in_force = 0;
  // of them: less than a quarter of their time is left
  std::size_t ending_soon = 0;
  // names and addresses
  std::size_t barred = 0;
};

struct Status {
  // none: nothing is in force
  std::optional<Mode> mode;
  // in the kernel
  std::optional<std::uint64_t> generation;
  // of it: the same list with other ends
  std::uint64_t edition = 0;
  bool confirmed = true;
  // wall clock; there if not confirmed
  std::optional<Timestamp> confirm_deadline;
  // the files say something else than the generation in force
  bool unapplied = false;
  std::optional<DamagedState> damaged;
  // something is in force, and everything that it guards runs it
  bool guarded = false;
  // Whether systemd brings it back after a reboot; none: there is no systemd, or it is not known.
  std::optional<bool> guarded_after_boot;
  // empty: not known
  std::string fingerprint;
  // of what does not end; empty: not known
  std::string fingerprint_permanent;
  std::vector<Endpoint> endpoints;
  // Effective ranges of the list, whatever the mode; none: the text of the generation is not known.
  std::optional<std::size_t> ranges4;
  std::optional<std::size_t> ranges6;
  LeaseCounts leases;
  std::vector<InterfaceStatus> interfaces;
  std::vector<UnpinnedFilter> unpinned;
  // what a person took off and nobody attached since
  std::vector<DetachMark> detached;
  // what listens and is not guarded, and the like
  std::vector<std::string> warnings;
  apiguard_counters counters{};
  // it is what the supervisor saw then; none: of this moment
  std::optional<Timestamp> snapshot;
};

[[nodiscard]] std::string to_text(const Status& status, bool colour);

// As apiguard(8) has it under JSON. Counters hold the reasons that are not zero.
[[nodiscard]] std::string to_json(const Status& status);

// One loud sentence if it is undone unless somebody confirms it; else empty.
[[nodiscard]] std::string not_confirmed(const Status& status);

// One loud sentence with the command that helps if the state directory is damaged; else empty.
[[nodiscard]] std::string damaged(const Status& status);

// One loud sentence if packets that are not listed pass: "NOT ENFORCED: ..."; empty in enforce.
// Where a filter of ours judges whose pins are not here, it says that and never that all pass.
[[nodiscard]] std::string not_enforced(const Status& status);

}  // namespace apiguard::report
