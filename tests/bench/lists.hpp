// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The lists that are measured: random, of a seed.
#pragma once

#include "tests/bench/network.hpp"

namespace apiguard::bench {

inline constexpr std::uint64_t kListSeed = 20'260'101;

// IPv4: random prefixes; lengths /16../32 alike up to 1,000 ranges, /20../32 above, because half a
// million /16../19 would hold most of all addresses.
[[nodiscard]] List random_list4(std::size_t count);

// IPv6: random prefixes in 2000::/3; of a hundred lengths 30 are /32, 5 /40, 5 /44, 30 /48, 10 /56,
// 15 /64, 5 /128: what registries hand out, what providers cut from it, and single hosts.
[[nodiscard]] List random_list6(std::size_t count);

// The same lengths under the blocks that registries hand out from: 2001::/16 and five /12.
[[nodiscard]] List clustered_list6(std::size_t count);

// Without ranges inside others: what peers take that refuse overlaps. As many as asked for.
[[nodiscard]] List disjoint_list4(std::size_t count);

}  // namespace apiguard::bench
