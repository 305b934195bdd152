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
  // and says that it is not in force
  kWritesText,
  // what it is for is not to be had
  kFails,
  // raises a risk, but not on a terminal
  kAttaches,
  kChangesNothing
};

struct ChangeKind {
  WhereDetached where_detached = WhereDetached::kWritesText;
  // goes on without the lock where the run directory cannot be written
  bool way_out = false;
  // warns where the endpoints miss what listens
  bool looks_at_doors = false;
  // the clock is right: nothing that was published before holds the time
  bool trust_clock = false;
  // whoever holds the lock for too long
  bool overtakes = false;
  // warns where nothing brings the filter back after a reboot
  bool asks_for_boot = false;
  // accepted while another change waits for its confirmation
  bool ends_window = false;
  // may be published with others (queueing.hpp)
  const publish::QueuedChange* queued = nullptr;
};

[[nodiscard]] Result<Exit> change(const CommandLine& line, const ChangeFlags& flags,
                                  const ChangeKind& kind, const MakeRequest& make_request);

}  // namespace apiguard::cli
