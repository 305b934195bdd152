// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the tries of a generation hold, read back.
#pragma once

#include <map>

#include "apiguard/judge.h"
#include "loader/base/result.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/policy/prefix.hpp"

namespace apiguard::datapath {

// The ends of a prefix, as they stand in its value, without the lengths in their last byte.
struct TrieEnds {
  // 0: there is none; APIGUARD_WITHOUT_END: never
  __u64 except_until = 0;
  __u64 allow_until = 0;
};

// Of the prefixes that have an end which comes. It needs CAP_SYS_ADMIN.
[[nodiscard]] Result<std::map<Prefix, TrieEnds>> read_ending(const Pins& pins,
                                                             const Edition& edition);

}  // namespace apiguard::datapath
