// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What all changing verbs share: lock, settle, plan, preview, risks, the question, publish, the
// answer.
#pragma once

#include <functional>

#include "loader/base/result.hpp"
#include "loader/cli/command_line.hpp"
#include "loader/publish/plan.hpp"
#include "loader/publish/queued.hpp"

namespace apiguard::cli {

// Makes the verb's request of the world as it is; called again if the world changed while a
// question waited.
using MakeRequest = std::function<Result<publish::Request>(const publish::World&)>;

// Where a person has taken everything off.
enum class WhereDetached {
  kWritesText,  // and says that it is not in force
  kFails,       // what it is for is not to be had
  kAttaches,    // raises a risk, but not on a terminal
  kChangesNothing
};

struct ChangeKind {
  WhereDetached where_detached = WhereDetached::kWritesText;
  bool way_out = false;  // goes on without the lock where the run directory cannot be written
  bool looks_at_doors = false;  // warns where the endpoints miss what listens
  bool trust_clock = false;  // the clock is right: nothing that was published before holds the time
  bool overtakes = false;    // whoever holds the lock for too long
  bool asks_for_boot = false;  // warns where nothing brings the filter back after a reboot
  bool ends_window = false;    // accepted while another change waits for its confirmation
  const publish::QueuedChange* queued = nullptr;  // may be published with others (queueing.hpp)
};

[[nodiscard]] Result<Exit> change(const CommandLine& line, const ChangeFlags& flags,
                                  const ChangeKind& kind, const MakeRequest& make_request);

}  // namespace apiguard::cli
