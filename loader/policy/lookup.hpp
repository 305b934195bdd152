// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the policy says of single addresses, as the program in the kernel would. Made for few
// addresses and very many ranges: the list is read once, whatever its order, and not copied.
#pragma once

#include <cstdint>
#include <vector>

#include "loader/policy/policy.hpp"

namespace apiguard {

// The range that decides for each address at a time: the longest that covers it and has not ended,
// of one prefix an except before an allow. In the order of `addresses`, which may
// repeat; points into `ranges`; null where there is none.
[[nodiscard]] std::vector<const Range*> deciding_for(const std::vector<Range>& ranges,
                                                     const std::vector<Address>& addresses,
                                                     Timestamp now);

// The same for the whole of each prefix: the longest range that covers all of it. What decides for
// a part of it alone is not asked for.
[[nodiscard]] std::vector<const Range*> deciding_over(const std::vector<Range>& ranges,
                                                      const std::vector<Prefix>& prefixes,
                                                      Timestamp now);

// All ranges that cover the whole of each prefix, ended or not, widest first; those of one prefix
// in the order of `ranges`.
[[nodiscard]] std::vector<std::vector<const Range*>> covering(const std::vector<Range>& ranges,
                                                              const std::vector<Prefix>& prefixes);

// Whether a source passes for which this range decides.
[[nodiscard]] inline bool admits(const Range* deciding) {
  return deciding != nullptr && deciding->kind != Kind::kExcept;
}

[[nodiscard]] bool protects(const std::vector<Endpoint>& endpoints, const Address& address,
                            std::uint16_t port);

}  // namespace apiguard
