// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every change leaves a trace: one entry in the machine's log, written by the process that made the
// change, once the kernel has confirmed it. A log that takes nothing fails no verb.
//
// What a verb that was killed did not come to say is said by the next one: RUN_DIR/traced holds the
// generation that was told last (host/traced.hpp). All of this needs the lock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/publish/group.hpp"
#include "loader/publish/publish.hpp"
#include "loader/publish/settle.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/trace.hpp"

namespace apiguard::service {

void trace_change(const Host& host, const publish::Request& request, const publish::Plan& plan,
                  const publish::Published& published);

// Of a change of the text where a person took everything off.
void trace_text(const publish::Request& request, const publish::Plan& plan);

// Of changes that were published together an entry each.
void trace_group(const Host& host, const publish::Group& group,
                 const std::vector<publish::Member>& members, const publish::Published& published);

// A change that waited is confirmed or undone. `command`: of the verb that did it; empty: it ended
// by itself.
void trace_ending(const Host& host, const publish::Ending& ending, const std::string& command);

// What settling did, what a killed verb did not say, and leases whose minute is over. `world`: as
// it is now; null: not known.
void trace_settled(const Host& host, const publish::Settled& settled, const publish::World* world);

// The same list, its ends or its leases as they are now.
void trace_again(const Host& host, const publish::Published& published);

// Leases that are in the book. At most one entry a minute tells of them, by their sum.
struct GivenLeases {
  // beside which; 0: none
  std::uint64_t generation = 0;
  std::string by;
  const std::vector<LeaseAnswer>& answers;
};
void trace_leases(const Host& host, const GivenLeases& given);
void trace_unbar(std::uint64_t generation, const std::string& command, const std::string& named);

// `interfaces`: those that the program was taken off.
void trace_detach(const publish::World& world, const std::string& command,
                  const std::vector<std::string>& interfaces);

// By the supervisor.
void trace_repair(const std::vector<std::string>& repairs, std::uint64_t generation);

}  // namespace apiguard::service
