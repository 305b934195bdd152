// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Files of the state directory that may be lost: what has their name and cannot be read is begun
// anew.
#pragma once

#include <optional>
#include <string>

#include "loader/base/result.hpp"

namespace apiguard {

// None: there is no such file. Exit::kFailed: it cannot be read, is a link or no regular file, or
// belongs to neither root nor the caller.
[[nodiscard]] Result<std::optional<std::string>> read_expendable_file(const std::string& path);

// Replaces the file as a whole. A link is removed and not followed, so is a FIFO; a folder that is
// not empty is moved aside ("NAME.aside-1"). Returns that name; empty: nothing was moved. Needs the
// lock. `mode`: of a file that is new.
[[nodiscard]] Result<std::string> write_expendable_file(const std::string& path,
                                                        const std::string& text,
                                                        unsigned mode = 0644);

}  // namespace apiguard
