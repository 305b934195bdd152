// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <string>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/datapath/hook.hpp"
#include "loader/datapath/target.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::datapath {

struct Attached {
  Fd link;
  bool generic = false;
  // why native was not possible; empty unless auto fell back
  std::string reason;
};

// Creates a link where there is none of ours. On an interface `auto` takes native, and generic for
// the errnos by which drivers say that they cannot: EOPNOTSUPP, EINVAL (MTU on ixgbevf), ERANGE
// (MTU on veth), ENOMEM (missing queues; after one more try, because it may be plain lack of
// memory). EBUSY and EEXIST mean that the hook is taken and never fall back; where a filter of ours
// is being freed it is tried once more.
[[nodiscard]] Result<Attached> attach(int filter_fd, const Target& target, XdpMode xdp_mode);

// The error for a hook that belongs to another program: its id and mode, its name where privilege
// allows, and the command that takes it off. One of ours whose pins are not here is called that.
[[nodiscard]] tl::unexpected<Error> occupied(const Target& target, const Hook& hook, int error);

// The kernel frees a link a moment after its last pin is gone, and until then the hook is taken.
// Waits that moment for a filter of ours (at most 0.5 s). False: the hook is still taken.
[[nodiscard]] bool is_freed(int ifindex);

}  // namespace apiguard::datapath
