// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/lists.hpp"

#include <algorithm>
#include <array>

#include "tests/bench/numbers.hpp"

namespace apiguard::bench {
namespace {

constexpr Number upper(std::uint64_t half) { return Number{half} << 64; }

const Network kUnicast{upper(0x2000'0000'0000'0000), 3};
const std::array<Network, 6> kRegistries{{{upper(0x2001'0000'0000'0000), 16},
                                          {upper(0x2400'0000'0000'0000), 12},
                                          {upper(0x2600'0000'0000'0000), 12},
                                          {upper(0x2800'0000'0000'0000), 12},
                                          {upper(0x2a00'0000'0000'0000), 12},
                                          {upper(0x2c00'0000'0000'0000), 12}}};

// Draws until there are enough that differ.
template <typename Draw>
std::vector<Network> distinct(std::size_t count, Draw draw) {
  std::vector<Network> networks;
  while (networks.size() < count) {
    while (networks.size() < count) networks.push_back(draw());
    std::sort(networks.begin(), networks.end());
    networks.erase(std::unique(networks.begin(), networks.end()), networks.end());
  }
  return networks;
}

Number random128(Random& random) { return upper(random.next()) | random.next(); }

Network draw4(Random& random, unsigned shortest) {
  const auto length = static_cast<unsigned>(shortest + random.below(33 - shortest));
  return network_around(Family::kIpv4, random.next() & 0xffff'ffff, length);
}

unsigned draw_length6(Random& random) {
  constexpr std::array<std::pair<unsigned, unsigned>, 7> kUpTo{
      {{30, 32}, {35, 40}, {40, 44}, {70, 48}, {80, 56}, {95, 64}, {100, 128}}};
  const std::uint64_t of_hundred = random.below(100);
  return std::find_if(kUpTo.begin(), kUpTo.end(),
                      [&](const auto& step) { return of_hundred < step.first; })
      ->second;
}

Network draw6(Random& random, const Network& within) {
  const Number inside = random128(random) & (size_of(Family::kIpv6, within.length) - 1);
  return network_around(Family::kIpv6, within.first | inside, draw_length6(random));
}

unsigned shortest4(std::size_t count) { return count <= 1000 ? 16 : 20; }

// Sorted, so what holds a range stands before it.
void drop_covered(std::vector<Network>& networks) {
  std::vector<Network> kept;
  for (const Network& network : networks) {
    if (kept.empty() || network.first > last_of(Family::kIpv4, kept.back()))
      kept.push_back(network);
  }
  networks = std::move(kept);
}

}  // namespace

List random_list4(std::size_t count) {
  Random random(kListSeed + count);
  return {Family::kIpv4, distinct(count, [&] { return draw4(random, shortest4(count)); })};
}

List random_list6(std::size_t count) {
  Random random(kListSeed + count);
  return {Family::kIpv6, distinct(count, [&] { return draw6(random, kUnicast); })};
}

List clustered_list6(std::size_t count) {
  Random random(kListSeed + count);
  return {Family::kIpv6, distinct(count, [&] {
            return draw6(random, kRegistries[random.below(kRegistries.size())]);
          })};
}

List disjoint_list4(std::size_t count) {
  Random random(kListSeed + count);
  std::vector<Network> networks;
  while (networks.size() < count) {
    while (networks.size() < count) networks.push_back(draw4(random, shortest4(count)));
    std::sort(networks.begin(), networks.end());
    drop_covered(networks);
  }
  return {Family::kIpv4, std::move(networks)};
}

}  // namespace apiguard::bench
