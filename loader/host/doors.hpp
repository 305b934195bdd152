// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether the right doors are guarded: what listens on this host, and what the endpoints cover.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard {

// A TCP socket that listens, in the namespace we run in.
struct Listener {
  // all zero: every address of its family
  Address address;
  // host byte order
  std::uint16_t port = 0;
  // `::` that takes IPv4 as well
  bool ipv4_too = false;
};

// One sentence each, nothing in mode off:
//   * a listener on a protected port that also answers at addresses of this host which no endpoint
//     covers; the open ones are named, IPv6 first, loopback left aside;
//   * an endpoint whose address no interface has;
//   * enforce, and nothing listens on any endpoint.
// `own`: addresses of the interfaces, with those of the loopback.
[[nodiscard]] std::vector<std::string> describe_doors(const std::vector<Endpoint>& endpoints,
                                                      Mode mode,
                                                      const std::vector<Listener>& listeners,
                                                      const std::vector<Address>& own);

// The same of this host as it is. Where the kernel does not say, one sentence that says so.
[[nodiscard]] std::vector<std::string> look_at_doors(const std::vector<Endpoint>& endpoints,
                                                     Mode mode);

}  // namespace apiguard
