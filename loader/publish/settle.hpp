// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// After a kill anywhere in a publish the next verb finishes it or takes it back. The generation
// number in the kernel decides: a generation that some link runs is finished (remaining links,
// text, record, mark), one that none ever ran is removed. One that waited for its confirmation in
// vain is undone. Nothing that was in force is removed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/publish/world.hpp"

namespace apiguard::publish {

// How a change that waited for its confirmation has ended.
struct Ending {
  std::uint64_t generation = 0;
  // else it is undone
  bool confirmed = false;

  friend bool operator==(const Ending&, const Ending&) = default;
};

struct Settled {
  // look() again
  bool changed = false;
  // what was done, for the operator
  std::vector<std::string> messages;
  // and for the log
  std::vector<Ending> endings;
};

// Whether a change waited for its confirmation in vain and is not undone altogether yet.
[[nodiscard]] bool has_expired(const World& world);

// Needs the lock.
[[nodiscard]] Result<Settled> settle(const Host& host, const World& world);

// Looks, settles, and looks again until there is nothing to settle. With `go_on` a failure to
// settle is World::unsettled, else it is the result. `known` as in look(). What was done is added
// to `done`, whose `changed` says nothing. Needs the lock.
struct Settling {
  bool go_on = false;
  const InForce* known = nullptr;
};
[[nodiscard]] Result<World> look_and_settle(const Host& host, const Settling& how, Settled& done);

}  // namespace apiguard::publish
