// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace apiguard::bench {

struct Options {
  bool quick = false;
  int runs = 9;                      // of every program, in turn with those it is compared with
  std::uint32_t packets = 1U << 21;  // a run of the micro benchmark
  std::uint32_t live_packets = 1U << 20;
  std::vector<std::size_t> lists{10, 1'000, 100'000, 1'000'000};       // ranges, micro
  std::vector<std::size_t> live_lists{10, 1'000, 100'000};             // ranges, live frames
  std::vector<std::size_t> load_lists{1, 10'000, 100'000, 1'000'000};  // ranges, loading
  std::vector<std::size_t> lease_lists{1, 10'000};                     // ranges, leases
  int loads = 3;         // how often each list is loaded
  std::string apiguard;  // the binary whose loading is timed
};

// About a minute: fewer runs and no list of a million.
[[nodiscard]] inline Options quick(Options options) {
  options.quick = true;
  options.runs = 3;
  options.packets = 1U << 19;
  options.live_packets = 1U << 18;
  options.lists = {10, 1'000, 100'000};
  options.load_lists = {1, 10'000, 100'000};
  options.loads = 1;
  return options;
}

}  // namespace apiguard::bench
