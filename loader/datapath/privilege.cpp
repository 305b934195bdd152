// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/privilege.hpp"

#include "loader/capabilities.hpp"

namespace apiguard::datapath {

bool lacks_privilege() {
  using namespace capabilities;
  const auto sets = read();
  if (!sets) return false;
  const auto has = [&](Set set) { return (sets->effective & set) == set; };
  return !has(kNetAdmin) || (!has(kSysAdmin) && !has(kBpf | kPerfmon));
}

}  // namespace apiguard::datapath
