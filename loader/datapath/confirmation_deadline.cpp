// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/confirmation_deadline.hpp"

#include <bpf/bpf.h>

#include <cerrno>

#include "apiguard/judge.h"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {

Result<> store_deadline(int confirmation_fd, std::optional<BootTime> deadline) {
  const __u32 key = 0;
  const apiguard_confirmation value{deadline ? nanoseconds_of(*deadline) : 0};
  if (bpf_map_update_elem(confirmation_fd, &key, &value, BPF_ANY) != 0)
    return kernel_error("confirmation", "write its deadline", errno);
  return {};
}

}  // namespace apiguard::datapath
