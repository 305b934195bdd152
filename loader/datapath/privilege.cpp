// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/privilege.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace apiguard::datapath {
namespace {

// CAP_BPF and CAP_PERFMON came with 5.8; older headers lack them.
constexpr unsigned kNetAdmin = 12;
constexpr unsigned kSysAdmin = 21;
constexpr unsigned kPerfmon = 38;
constexpr unsigned kBpf = 39;

std::uint64_t effective_set() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) return ~std::uint64_t{0};
  return std::uint64_t{data[1].effective} << 32 | data[0].effective;
}

}  // namespace

bool lacks_privilege() {
  const std::uint64_t set = effective_set();
  const auto has = [set](unsigned capability) { return (set >> capability & 1) != 0; };
  const bool bpf = has(kSysAdmin) || (has(kBpf) && has(kPerfmon));
  return !bpf || !has(kNetAdmin);
}

}  // namespace apiguard::datapath
