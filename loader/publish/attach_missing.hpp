// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The generation in force on interfaces that appeared, came back, or lost its program: what `apply
// --boot` would do for them, without loading anything.
#pragma once

#include <string>
#include <vector>

#include "loader/host/detached.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct Guarded {
  // what was done
  std::vector<std::string> messages;
  // and what was not; worth another try
  std::vector<std::string> failures;
  // look() again
  bool changed = false;
};

// Names of interfaces that the generation in force wants guarded and that run another program or
// none, but for `left_alone`. Of those without an Ethernet header nothing is said.
[[nodiscard]] std::vector<std::string> unguarded(const World& world, const Detached& left_alone);

// Whether a link of ours is on an interface that exists.
[[nodiscard]] bool has_living_link(const World& world);

// Attaches the pinned program to them and removes the pins of links whose interface is gone. From
// then on it is not known any more since when all connections have been seen. Needs the lock, a
// world that is settled, and pins that can be written.
[[nodiscard]] Guarded attach_missing(const Host& host, const World& world,
                                     const Detached& left_alone);

}  // namespace apiguard::publish
