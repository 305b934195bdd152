// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The filters that hosts have: the same list, the same port, as their manuals would have it.
#pragma once

#include "tests/bench/network.hpp"

namespace apiguard::bench {

// Writes the file and returns its path. Lists have to be disjoint: an interval set refuses others.

// For nft -f: a chain at the ingress of the device that drops what is not in an interval set.
std::string write_nft(const std::string& folder, const std::string& device, const List& list);
// For ipset restore: a set hash:net by the name of kSet. Of the whole namespace.
std::string write_ipset(const std::string& folder, const List& list);
inline constexpr const char* kSet = "apiguard-bench";
// For apiguard: authorized-ranges beside a configuration, whose path is returned.
std::string write_apiguard(const std::string& folder, const std::string& device, const List& list);

// Rule in iptables' raw table for a device: drops what is not in the set.
void add_iptables_rule(const std::string& device);

// Packets dropped so far, by their own counters.
[[nodiscard]] std::uint64_t nft_drops(const std::string& device);
[[nodiscard]] std::uint64_t iptables_drops();

// Both gone.
void remove_nft(const std::string& device);
void remove_ipset();

}  // namespace apiguard::bench
