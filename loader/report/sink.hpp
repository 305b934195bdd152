// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <functional>
#include <string_view>

namespace apiguard::report {

// Takes a report piece by piece.
using Sink = std::function<void(std::string_view)>;

}  // namespace apiguard::report
