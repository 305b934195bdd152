// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/limits.hpp"

#include <array>

namespace apiguard::bench {
namespace {

// Lists of up to 10, 1k, 100k, 1M ranges.
struct Limits {
  const char* family;
  const char* sources;
  std::array<double, 4> values;
};

constexpr std::array<Limits, 6> kNanoseconds{{{"IPv4", "unlisted", {5, 5, 18, 30}},
                                              {"IPv4", "listed", {14, 14, 25, 70}},
                                              {"IPv4", "chosen", {14, 14, 40, 100}},
                                              {"IPv6", "unlisted", {7, 10, 35, 60}},
                                              {"IPv6", "listed", {16, 20, 45, 90}},
                                              {"", "other port", {4, 4, 4, 4}}}};

constexpr std::array<Limits, 2> kRatios{
    {{"IPv4", "unlisted", {4, 9, 10, 25}}, {"IPv4", "listed", {1.7, 4, 11, 15}}}};

std::size_t column_of(std::size_t ranges) {
  if (ranges <= 10) return 0;
  if (ranges <= 1'000) return 1;
  return ranges <= 100'000 ? 2 : 3;
}

template <std::size_t Size>
std::optional<double> find(const std::array<Limits, Size>& table, const std::string& family,
                           const std::string& sources, std::size_t ranges) {
  for (const Limits& limits : table) {
    if (sources == limits.sources && (*limits.family == '\0' || family == limits.family))
      return limits.values[column_of(ranges)];
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> limit_of(const std::string& family, const std::string& sources,
                               std::size_t ranges) {
  return find(kNanoseconds, family, sources, ranges);
}

std::optional<double> ratio_limit(const std::string& family, const std::string& sources,
                                  std::size_t ranges) {
  return find(kRatios, family, sources, ranges);
}

}  // namespace apiguard::bench
