// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Programs measured in turn, each run checked against its counters.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/machine.hpp"
#include "tests/bench/numbers.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {

// One column of a comparison.
struct Contender {
  std::string name;
  Vary* harness;  // aimed anew for every run
  Program program;
  const std::vector<std::uint8_t>* frame;
};

struct Measured {
  std::string name;
  Runs runs;  // nanoseconds a packet
};

// Every contender `runs` times, there and back again, so that what drifts meets all alike. All of
// them have to answer every packet with `verdict`.
[[nodiscard]] std::vector<Measured> measure(const std::vector<Contender>& contenders,
                                            const Verdict& verdict, int runs,
                                            std::uint32_t packets);

[[nodiscard]] Json to_json(const std::vector<Measured>& measured);

}  // namespace apiguard::bench
