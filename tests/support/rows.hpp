// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The table of verdicts as packets: for every row the shapes it speaks of, each with the reason it
// gives when an unlisted source sends it in mode enforce. What other sources and modes make of it
// follows from the head of the table and is computed by expected().
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loader/policy/policy.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"

namespace apiguard::test {

inline constexpr std::size_t kWhole = static_cast<std::size_t>(-1);

struct Row {
  std::string row;   // number in the table
  std::string what;  // a sentence about the packet
  Packet packet;     // its source is replaced by frame_of()
  apiguard_reason reason = APIGUARD_UNLISTED;
  std::size_t cut = kWhole;  // bytes of the frame that arrive
  bool drops_all = false;    // dropped under `reason`, whatever the source
};

enum class Source { kListed, kExcepted, kExpired, kUnlisted };
inline constexpr Source kSources[] = {Source::kListed, Source::kExcepted, Source::kExpired,
                                      Source::kUnlisted};

[[nodiscard]] std::vector<Row> rows();
[[nodiscard]] std::vector<Row> link_rows();          // 1..3
[[nodiscard]] std::vector<Row> ipv4_rows();          // 4..10
[[nodiscard]] std::vector<Row> ipv6_rows();          // 9..13a, 17
[[nodiscard]] std::vector<Row> too_many_rows();      // 13b and what is next to it
[[nodiscard]] std::vector<Row> fragment_rows();      // 14..16
[[nodiscard]] std::vector<Row> far_fragment_rows();  // 15c and what is next to it
[[nodiscard]] std::vector<Row> endpoint_rows();      // 18, 19

// Port 6443 on every address, port 443 on 198.51.100.1 and 2001:db8:1::1; one range of every kind.
[[nodiscard]] Policy table_policy(Mode mode);

[[nodiscard]] Bytes frame_of(const Row& row, Source source);
[[nodiscard]] Verdict expected(const Row& row, Source source, Mode mode);
[[nodiscard]] std::string describe(const Row& row, Source source, Mode mode);

// Ranges and endpoints for policies written in tests; text that does not parse ends the binary.
[[nodiscard]] Prefix prefix(std::string_view text);
[[nodiscard]] Address address(std::string_view text);
[[nodiscard]] Range allow(std::string_view cidr, std::optional<Timestamp> until = std::nullopt);
[[nodiscard]] Range except(std::string_view cidr, std::optional<Timestamp> until = std::nullopt);
[[nodiscard]] Range cluster(std::string_view cidr);
[[nodiscard]] Endpoint endpoint(std::uint16_t port);
[[nodiscard]] Endpoint endpoint(std::string_view address, std::uint16_t port);

// A policy as text, for messages.
[[nodiscard]] std::string dump(const Policy& policy);

}  // namespace apiguard::test
