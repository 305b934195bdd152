// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The way back for the check program: its answer -> the entry of the list that decided.
#pragma once

#include "apiguard/judge.h"
#include "loader/policy/policy.hpp"

namespace apiguard {

// `ranges`: the deciding ranges of the policy that the program judges by. Of an answer `expired`
// the entry that decided last. Null: none decided, or the list has no such entry.
[[nodiscard]] const Range* range_of(const apiguard_answer& answer, const Address& source,
                                    const RangeRefs& ranges);

}  // namespace apiguard
