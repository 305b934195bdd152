// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A file that is written in place while we read it: what was read may be the half of one list or of
// two.
#pragma once

#include <functional>
#include <string>

#include "loader/base/result.hpp"

namespace apiguard {

enum class Writers {
  // what changes while it is read is noticed all the same
  kIgnore,
  // a file written just now is believed only once nobody has written for a moment
  kWaitFor,
};

// What `read` returns, from the open file `fd` whose path is for messages. It is read again where
// the file has changed meanwhile. Exit::kFailed if it goes on changing, which takes a second and a
// half.
[[nodiscard]] Result<std::string> read_steady(int fd, const std::string& path, Writers writers,
                                              const std::function<Result<std::string>()>& read);

}  // namespace apiguard
