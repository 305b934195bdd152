// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/sources.hpp"

#include <algorithm>
#include <functional>

#include "tests/bench/numbers.hpp"

namespace apiguard::bench {
namespace {

constexpr int kPatience = 200;  // draws for one source before its kind is given up

Number random128(Random& random) { return Number{random.next()} << 64 | random.next(); }

// Any address inside of the network.
Number inside(Random& random, Family family, const Network& network) {
  return network.first | (random128(random) & (size_of(family, network.length) - 1));
}

// The longest quarter of the list.
std::vector<Network> longest(const List& list) {
  std::vector<Network> networks = list.networks;
  std::stable_sort(networks.begin(), networks.end(), [](const Network& left, const Network& right) {
    return left.length > right.length;
  });
  networks.resize(std::max<std::size_t>(1, networks.size() / 4));
  return networks;
}

std::vector<Network> longer_than(const List& list, unsigned length) {
  std::vector<Network> networks;
  std::copy_if(list.networks.begin(), list.networks.end(), std::back_inserter(networks),
               [&](const Network& network) { return network.length > length; });
  return networks;
}

// BENCH_SOURCES unlisted sources; none if `draw` finds too few.
std::optional<Sources> collect(std::string name, const Holdings& holdings,
                               const std::function<Number()>& draw) {
  Sources sources{std::move(name), false, {}};
  sources.addresses.reserve(BENCH_SOURCES);
  int missed = 0;
  while (sources.addresses.size() < BENCH_SOURCES) {
    const Number address = draw();
    if (!holdings.holds(address)) {
      sources.addresses.push_back(address);
      missed = 0;
    } else if (++missed == kPatience) {
      return std::nullopt;
    }
  }
  return sources;
}

// Just before the first address or behind the last one of a range.
Number neighbour(Random& random, Family family, const Network& network) {
  const Number distance = 1 + random.below(8);
  const Number address =
      random.below(2) == 0 ? network.first - distance : last_of(family, network) + distance;
  return bits_of(family) == 128 ? address : address & 0xffff'ffff;
}

}  // namespace

Sources unlisted_sources(const List& list, const Holdings& holdings) {
  Random random(kSourceSeed);
  const bool ipv4 = list.family == Family::kIpv4;
  const Network everybody = ipv4 ? Network{0, 0} : Network{Number{0x2000'0000'0000'0000} << 64, 3};
  const Number mask = ipv4 ? Number{0xffff'ffff} : size_of(Family::kIpv6, 3) - 1;
  auto sources =
      collect("unlisted", holdings, [&] { return everybody.first | (random128(random) & mask); });
  return sources ? std::move(*sources) : Sources{};
}

Sources listed_sources(const List& list) {
  Random random(kSourceSeed + 1);
  Sources sources{"listed", true, {}};
  for (int i = 0; i < BENCH_SOURCES; ++i) {
    const Network& network = list.networks[random.below(list.networks.size())];
    sources.addresses.push_back(inside(random, list.family, network));
  }
  return sources;
}

Sources one_source(const Sources& of) {
  return {"one source", of.listed, std::vector<Number>(BENCH_SOURCES, of.addresses.front())};
}

std::vector<Sources> chosen_sources(const List& list, const Holdings& holdings) {
  const bool ipv4 = list.family == Family::kIpv4;
  std::vector<Sources> kinds;
  Random random(kSourceSeed + 2);
  const auto add = [&](std::string name, const std::vector<Network>& pool,
                       const std::function<Number(const Network&)>& near) {
    if (pool.empty()) return;
    const auto draw = [&] { return near(pool[random.below(pool.size())]); };
    if (auto sources = collect(std::move(name), holdings, draw))
      kinds.push_back(std::move(*sources));
  };
  add("next to the longest ranges", longest(list),
      [&](const Network& network) { return neighbour(random, list.family, network); });
  const std::vector<unsigned> shared =
      ipv4 ? std::vector<unsigned>{16, 24} : std::vector<unsigned>{32, 48, 64};
  for (const unsigned length : shared) {
    add("/" + std::to_string(length) + " of a range", longer_than(list, length),
        [&](const Network& network) {
          return inside(random, list.family, network_around(list.family, network.first, length));
        });
  }
  return kinds;
}

}  // namespace apiguard::bench
