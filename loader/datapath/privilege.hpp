// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

namespace apiguard::datapath {

// Whether one of CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON is missing from the effective set
// (CAP_SYS_ADMIN stands in for the first and the last).
[[nodiscard]] bool lacks_privilege();

}  // namespace apiguard::datapath
