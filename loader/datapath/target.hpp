// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>

#include "loader/datapath/attach_point.hpp"

namespace apiguard::datapath {

// What is to be guarded, as it is now.
struct Target {
  std::string name;
  AttachPoint point;
  // Our link on it (LinkState::link_id). 0: none.
  std::uint32_t link_id = 0;
  // It lives in another network namespace: only its link can be asked about it.
  bool moved = false;
  // How a program is attached there now; meaningless without one.
  bool native = false;
  // Program on the hook that no link of ours put there. 0: none.
  std::uint32_t foreign_id = 0;
  // The generation in force guards it already by name: generic mode is nothing new.
  bool reattach = false;
};

// "interface 'eth0'"
[[nodiscard]] inline std::string describe(const Target& target) {
  return describe(target.point.kind, target.name);
}

}  // namespace apiguard::datapath
