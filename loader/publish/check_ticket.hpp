// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a verb refuses of its own arguments, asked again of a ticket: another version of ours may
// have written it. Pure.
#pragma once

#include "loader/base/result.hpp"
#include "loader/publish/queued.hpp"

namespace apiguard::publish {

// Exit::kUsage, in the words of the verb: a lease of a range, a name that is none, an end that is
// none.
[[nodiscard]] Result<> check_arguments(const QueuedChange& change);

}  // namespace apiguard::publish
