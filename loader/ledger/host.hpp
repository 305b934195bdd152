// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// This host as one instance of apiguard sees it: its places, its state and its pins. Made once from
// the command line and handed down; the room is the lowest that knows state and pins.
#pragma once

#include <string>
#include <utility>

#include "loader/datapath/pins.hpp"
#include "loader/host/places.hpp"
#include "loader/host/state.hpp"

namespace apiguard {

struct Host : Places {
  Host() : Host(Places()) {}
  explicit Host(Places places) : Places(std::move(places)), state(state_dir), pins(pin_dir) {}

  StateDir state;
  datapath::Pins pins;
};

}  // namespace apiguard
