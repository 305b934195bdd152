// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Random policies and random packets from a grammar that knows every row of the table. The same
// seed gives the same sequence on every machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <vector>

#include "loader/policy/policy.hpp"
#include "tests/support/packet.hpp"

namespace apiguard::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  // 0..bound-1; bound > 0. The bias of the remainder is of no account here.
  [[nodiscard]] std::size_t below(std::size_t bound) { return engine_() % bound; }
  [[nodiscard]] bool percent(std::size_t chance) { return below(100) < chance; }
  [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(engine_()); }
  [[nodiscard]] std::uint16_t word() { return static_cast<std::uint16_t>(engine_()); }
  [[nodiscard]] Bytes bytes(std::size_t size);

  template <typename List>
  [[nodiscard]] const auto& pick(const List& list) {
    return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
  }

 private:
  std::mt19937_64 engine_;
};

// APIGUARD_SEED and APIGUARD_PACKETS, or what is given.
[[nodiscard]] std::uint64_t seed_from_environment();  // random by default; printed
[[nodiscard]] std::size_t packets_from_environment(std::size_t packets);

struct PolicyOptions {
  std::size_t max_ranges = 200;
  std::vector<Timestamp> ends{};  // values of `until`; at most 7, or compile may refuse the nesting
};

// 1..max_ranges ranges of both families nested in one another, with excepts; 1..32 endpoints, some
// bound. Never what the parser refuses (an except inside a cluster range).
[[nodiscard]] Policy random_policy(Random& random, const PolicyOptions& options);

// An address in, at the edges of, just outside of or far from the ranges of the policy.
[[nodiscard]] Address random_source(Random& random, const Policy& policy, Family family);

// The next address up or down, round the end.
[[nodiscard]] Address beside(Address address, bool up);

// 1 to 20 IPv6 extension headers of up to 600 bytes, none a fragment header: what stands in front
// of one. The last of them often begins near byte 256 (row 15c), in steps of 4. Receivers skip
// their options.
[[nodiscard]] std::vector<Layer> long_front(Random& random);

// Headers that fit together, some of them lying.
[[nodiscard]] Packet random_packet(Random& random, const Policy& policy);

// The packet as bytes; sometimes cut, padded or with bits flipped. At least 14 bytes, at most
// 3,000.
[[nodiscard]] Bytes random_frame(Random& random, const Policy& policy);

}  // namespace apiguard::test
