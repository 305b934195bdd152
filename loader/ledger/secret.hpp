// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The secret that keeps strangers from crowding a source out of `denied`: nobody outside can tell
// which sources share a bucket. Made once a boot and kept beside the pins, in a folder of mode 0700
// that goes with the boot. Not made from the boot id, which a kubelet publishes, and never shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/datapath/pins.hpp"

namespace apiguard::ledger {

struct Secret {
  // never 0
  std::uint64_t value = 0;
  // made now: what was hashed by another one is not found again
  bool fresh = false;
  // why the pin was not believed; empty: it was, or there was none
  std::string wrong;
};

// That of the generation in force, else the pinned one, else a new one. Cannot fail, writes
// nothing.
[[nodiscard]] Secret find_secret(const datapath::Pins& pins, std::optional<std::uint64_t> in_force);

// Pins it, unless it is pinned already.
[[nodiscard]] Result<> pin_secret(const datapath::Pins& pins, std::uint64_t value);

// From the kernel's random numbers; not 0.
[[nodiscard]] std::uint64_t make_secret();

}  // namespace apiguard::ledger
