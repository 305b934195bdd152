// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string_view>

namespace apiguard::datapath {

// Whether one of CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON is missing from the effective set
// (CAP_SYS_ADMIN stands in for the first and the last).
[[nodiscard]] bool lacks_privilege();

// What to do about an error of bpf(2) that has a known cause, to be put behind its message; else
// empty.
[[nodiscard]] std::string_view hint_for(int error);

}  // namespace apiguard::datapath
