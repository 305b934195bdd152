// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The programs of a generation that judge: one for the links of each kind.
#pragma once

#include <cstdint>

#include "loader/base/fd.hpp"
#include "loader/datapath/attach_point.hpp"

namespace apiguard::datapath {

using Filters = PerKind<Fd>;
// Borrowed; -1: none.
using FilterFds = PerKind<int>;

[[nodiscard]] inline FilterFds borrow(const Filters& filters) {
  FilterFds fds;
  for (const AttachKind kind : kAttachKinds) fds[kind] = filters[kind].get();
  return fds;
}

}  // namespace apiguard::datapath
