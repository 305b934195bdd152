// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A change where a person took everything off: it is written, and is in force with the next apply.
#pragma once

#include "loader/base/result.hpp"
#include "loader/publish/plan.hpp"

namespace apiguard::publish {

// The files, and the book if there is one to write. Needs the lock and a Plan::all_detached. After
// an error all of it is as it was. Exit::kBadFile: the list could not be published.
[[nodiscard]] Result<> write_text(const Host& host, const World& world, const Request& request);

}  // namespace apiguard::publish
