// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where packets come from: what a flood sends, what clients send, and what an attacker sends who
// knows the list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/bench/bpf/sources.h"
#include "tests/bench/network.hpp"

namespace apiguard::bench {

inline constexpr std::uint64_t kSourceSeed = 7;

struct Sources {
  std::string name;               // of the kind, as the report shows it
  bool listed = false;            // all of them, or none
  std::vector<Number> addresses;  // BENCH_SOURCES of them, in random order
};

// Alike over all IPv4 addresses, or over 2000::/3: there is nobody outside.
[[nodiscard]] Sources unlisted_sources(const List& list, const Holdings& holdings);

// A random range, and a random address in it.
[[nodiscard]] Sources listed_sources(const List& list);

// One unlisted source again and again: what a cache makes of a benchmark that does that.
[[nodiscard]] Sources one_source(const Sources& of);

// The kinds that an attacker can choose, each as bad as it can be for some way to look sources up:
// unlisted neighbours of the longest ranges, and unlisted sources that share so many bits with a
// range. Without kinds for which the list has no room.
[[nodiscard]] std::vector<Sources> chosen_sources(const List& list, const Holdings& holdings);

}  // namespace apiguard::bench
