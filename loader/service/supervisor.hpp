// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// `apiguard run`. Enforces nothing itself: what is pinned does, whether this runs or not. It guards
// interfaces as they appear, puts right what others took away, settles what has expired, and tells
// the service manager and unprivileged readers how things stand.
//
//   keeper.hpp      what is in force, kept in force
//   loop.hpp        waits for the descriptors and times of all of it
//   paced_task.hpp  work that many ask for: rounds of the keeper
//   children.hpp    apply, save, compare, publish again: processes of their own
//   boot.hpp        what a boot publishes, where it came too early
//   reload.hpp      what SIGHUP asks for
//   republish.hpp   another edition, where the clock was set
//   textfile.hpp    the metrics, another process
//   watches.hpp     what gives notice, and interface_watch.hpp what notices of interfaces lead to
//   log.hpp         what all of them say
#pragma once

#include <string>

#include "loader/base/result.hpp"
#include "loader/ledger/host.hpp"

namespace apiguard::service {

// Until SIGTERM or SIGINT; nothing is detached then. SIGHUP publishes the files as `apply` without
// a terminal does. Exit::kFailed: another one runs, or there is nothing to wait with.
// `textfile`: where the metrics are kept, for the node exporter; empty: nowhere. While its folder
// is not there none are written.
[[nodiscard]] Result<Exit> supervise(const Host& host, const std::string& textfile);

}  // namespace apiguard::service
