// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Random numbers that are the same on every machine, and what nine runs come to.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace apiguard::bench {

// SplitMix64 (Steele, Lea, Flood 2014): small, fast, equally spread, and of one seed.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  // 0..bound-1; the bias of the remainder is below 2^-32 for every bound used here.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

using Runs = std::vector<double>;

[[nodiscard]] double median(Runs runs);
[[nodiscard]] std::pair<double, double> extremes(const Runs& runs);  // least, greatest
[[nodiscard]] Runs minus(const Runs& left, const Runs& right);       // run by run

}  // namespace apiguard::bench
