// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel refused, as an Error.
#pragma once

#include <string_view>

#include "loader/base/result.hpp"

namespace apiguard {

// "KIND 'NAME': WHAT: REASON" with the reason of an errno in lower case, Exit::kFailed.
[[nodiscard]] tl::unexpected<Error> fail_os(std::string_view kind, std::string_view name,
                                            std::string_view what, int os_error);

}  // namespace apiguard
