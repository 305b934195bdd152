// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The driver of a network interface, and what it does when a first XDP program is attached.
#pragma once

#include <string>
#include <string_view>

namespace apiguard {

// As `ethtool -i` says it; empty: the kernel does not say.
[[nodiscard]] std::string driver_of(const std::string& interface);

enum class AtAttach {
  // the link stays up
  kStays,
  // not known
  kMay,
  // the link, or the whole device: no packet for up to some seconds
  kResets
};
// Of the drivers of Linux 6.18 (their ndo_bpf): igb and igc close and open the device, ixgbe, i40e,
// bnxt_en and mlx5_core set it up anew, mlx4_en stops its port.
[[nodiscard]] AtAttach at_attach(std::string_view driver);

}  // namespace apiguard
