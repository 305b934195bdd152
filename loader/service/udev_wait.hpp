// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a rule of udev waits for. Those who configure interfaces behind udev (systemd-networkd,
// NetworkManager, ifupdown) do not touch one before its rules have ended: an interface that is
// guarded by then has never had an address without the filter.
#pragma once

#include <chrono>
#include <string>

#include "loader/ledger/host.hpp"

namespace apiguard::service {

// Nobody is kept without network for longer by a filter that cannot be attached.
inline constexpr auto kGatePatience = std::chrono::seconds(5);

// Returns as soon as the interface is guarded, and at once where it is not to be or no supervisor
// runs that would do it. Needs CAP_BPF to see links; changes nothing.
void wait_until_guarded(const Host& host, const std::string& interface);

}  // namespace apiguard::service
