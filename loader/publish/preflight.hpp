// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The risk 'drop-peers': who is connected right now, passes today, and would be cut by a change;
// and ranges that it takes out and that were used within a day, because a CI runner is not
// connected all the time.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "loader/host/peers.hpp"
#include "loader/host/used.hpp"
#include "loader/publish/used.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// Asks the kernel and judges; most connections first. A policy that drops nothing cuts nobody and
// asks nothing. Exit::kUnsupported: this kernel does not say who is connected; kFailed: it did not
// this time.
[[nodiscard]] Result<std::vector<CutPeer>> find_cut_peers(
    const World& world, const Policy& policy, const std::vector<datapath::Target>& targets);

// Ranges of the policy in force, the one used last first. A policy that drops nothing cuts none.
[[nodiscard]] std::vector<CutRange> find_cut_ranges(const World& world, const Used& used,
                                                    const Policy& policy);

// "3 connected clients would be cut:" and a line for each of the first ten; likewise of ranges.
[[nodiscard]] std::string describe(const std::vector<CutPeer>& cut);
[[nodiscard]] std::string describe(const std::vector<CutRange>& cut, Timestamp now);

// --- the judging alone, for find_cut_peers and the tests

// Leaves the connections that this list does not admit.
void keep_unlisted(std::vector<Connection>& connections, const std::vector<Range>& ranges,
                   Timestamp now);

// What judges packets today.
struct Today {
  bool in_force = false;           // anything of ours at all
  const Policy* policy = nullptr;  // null: its text is lost
  std::set<int> guarded;           // interfaces on which guarded packets arrive
};

// Of connections that a change cuts: the peers that are not cut already.
[[nodiscard]] std::vector<CutPeer> newly_cut(const std::vector<Connection>& connections,
                                             const Today& today, Timestamp now);

// Ranges that admitted a connection within the day before `now`, today still would, and whose
// sources the next list admits no more. What is cut off a part of a range is not seen.
[[nodiscard]] std::vector<CutRange> taken_out(const UsedState& state,
                                              const std::vector<Range>& today,
                                              const std::vector<Range>& next, Timestamp now);

}  // namespace apiguard::publish
