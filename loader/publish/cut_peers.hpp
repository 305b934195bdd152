// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The risk 'drop-peers': who would be cut by a change, by what was seen: clients that are connected
// now, sources that an audit saw finish a handshake within a day, and ranges that are taken out and
// admitted a connection within a day, because a CI runner is not connected all the time. Which way
// the packets of a client come is not guessed at: rules, marks and asymmetric ways would make it
// wrong. All that is asked is whether it hangs on a link that nothing of ours judges.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/compile/sources.hpp"
#include "loader/host/neighbours.hpp"
#include "loader/host/peers.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/publish/cut.hpp"
#include "loader/publish/usage.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct Proposed {
  // what is to judge
  const Policy& policy;
  const std::vector<datapath::Target>& targets;
  // no range goes and no except comes: an audit has nothing to say of it
  bool only_adds = false;
};

struct CutPeers {
  // connected ones in front, most connections first
  std::vector<CutPeer> peers;
  // what is remembered and cannot be read
  std::vector<std::string> warnings;
};

// Asks the kernel and judges. A policy that drops nothing cuts nobody and asks nothing.
// Exit::kUnsupported: this kernel does not say who is connected; kFailed: it did not this time.
[[nodiscard]] Result<CutPeers> find_cut_peers(const Host& host, const World& world,
                                              const Proposed& change);

// Ranges of the policy in force, the one used last first. A policy that drops nothing cuts none.
[[nodiscard]] std::vector<CutRange> find_cut_ranges(const World& world, const UsageView& used,
                                                    const Policy& policy);

// "3 connected clients would be cut:" and a line for each of the first ten, then the sources of
// audits in the same way; likewise of ranges. Empty if there are none.
[[nodiscard]] std::string describe(const std::vector<CutPeer>& cut, Timestamp now);
[[nodiscard]] std::string describe(const std::vector<CutRange>& cut, Timestamp now);

// --- the judging alone, for find_cut_peers and the tests

// Leaves the connections that this list does not admit.
void keep_unlisted(std::vector<Connection>& connections, const std::vector<Range>& ranges,
                   Timestamp now);

// Takes out the host's own connections, and clients that hang on links of other interfaces than
// `judged` and on none of these.
void leave_aside(std::vector<Connection>& connections, const Neighbours& neighbours,
                 const std::set<int>& judged);

// What judges packets before the change.
struct Today {
  // anything of ours at all
  bool in_force = false;
  // null: its text is lost
  const Policy* policy = nullptr;
  // interfaces that the change begins to judge, by name
  std::vector<std::string> anew;
  // Since when an audit has judged all that the change judges; none: it does not.
  std::optional<Timestamp> audited = std::nullopt;
};

// An audit has heard of every client by then: keepalives and watches speak up more often.
inline constexpr std::chrono::nanoseconds kAuditLasts = 10min;

// Of connections that the next list does not admit: the peers that this cuts. `seen` by address.
[[nodiscard]] std::vector<CutPeer> newly_cut(const std::vector<Connection>& connections,
                                             const Today& today,
                                             const std::vector<AuditSource>& seen, Timestamp now);

// Of sources that an audit saw: those within the day before `now` that the next list does not admit
// and that pass today.
[[nodiscard]] std::vector<CutPeer> newly_cut(const std::vector<AuditSource>& seen,
                                             const std::vector<Range>& next, const Today& today,
                                             Timestamp now);

// Ranges that admitted a connection within the day before `now`, today still would, and whose
// sources the next list admits no more, neither by a wider range nor by parts that make it up. What
// an except cuts off a part of a range is not seen.
[[nodiscard]] std::vector<CutRange> taken_out(const ledger::UsageLog& state,
                                              const std::vector<Range>& today,
                                              const std::vector<Range>& next, Timestamp now);

}  // namespace apiguard::publish
