// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the supervisor has done in processes of its own (children.hpp). Each returns an exit status
// and says on stderr what went wrong.
#pragma once

#include "loader/base/result.hpp"
#include "loader/host/floor.hpp"
#include "loader/ledger/host.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::service {

// Says it, and is the exit status of such a process.
[[nodiscard]] int failed(const Error& error);

// Keeps which ranges were used, as STATE/used.
[[nodiscard]] int save_usage_now(const Host& host, const Floor& floor);

// 0: the files say what is in force, else they do not or it cannot be told.
[[nodiscard]] int files_differ(const Host& host);

// Publishes what is in force again, if a range in it has an end.
[[nodiscard]] int publish_again_now(const Host& host);

}  // namespace apiguard::service
