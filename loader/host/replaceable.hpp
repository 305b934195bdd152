// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether a file can be replaced or removed, found out before anything else is done: a rename over
// it fails only at the very end.
#pragma once

#include <string>

#include "loader/base/result.hpp"

namespace apiguard {

// `path`: no link in it. Exit::kFailed, with the way on, for a file that is the root of a mount (a
// single file bound into a container), an immutable or append-only file, and a folder with one of
// these flags. A file that does not exist can be made.
[[nodiscard]] Result<> check_replaceable(const std::string& path);

}  // namespace apiguard
