// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/privilege.hpp"

#include <cerrno>

#include "loader/base/capabilities.hpp"

namespace apiguard::datapath {

bool lacks_privilege() {
  using namespace capabilities;
  const auto sets = read();
  if (!sets) return false;
  const auto has = [&](Set set) { return (sets->effective & set) == set; };
  return !has(kNetAdmin) || (!has(kSysAdmin) && !has(kBpf | kPerfmon));
}

std::string_view hint_for(int error) {
  if (error == EPERM) {
    return "; needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (root), and before kernel 5.11 room in "
           "RLIMIT_MEMLOCK";
  }
  if (error == ENOMEM)
    return "; the kernel or the memory limit of this unit has no room for the maps";
  return "";
}

}  // namespace apiguard::datapath
