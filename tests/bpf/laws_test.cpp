// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Laws that hold whatever the table says in detail, on the program itself: what hides a packet
// never frees it, and what lists a source never harms anybody.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/random.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::size_t kPolicies = 25;
constexpr std::size_t kPackets = 2'000;
constexpr std::size_t kEth = 14;

Policy enforced_policy(Random& random) {
  Policy policy = random_policy(random, {.max_ranges = 60, .ends = {kNow - 1h, kNow + 1h}});
  policy.mode = Mode::kEnforce;
  return policy;
}

bool drops(Harness& harness, const Bytes& frame) {
  return harness.run(frame).outcome == APIGUARD_DROP;
}

template <typename T>
T* layer_of(Packet& packet) {
  for (Layer& layer : packet.layers()) {
    if (auto* found = std::get_if<T>(&layer)) return found;
    // What is inside an IP packet is no header of it.
    if (std::holds_alternative<Ipv4>(layer) || std::holds_alternative<Ipv6>(layer)) break;
  }
  return nullptr;
}

// What became of a packet before it was changed.
struct Before {
  apiguard_reason reason = APIGUARD_UNLISTED;
  bool listed = false;  // its source: dropped all the same by rows 3, 13b and 15c
};

Before before_of(const Policy& policy, Packet packet, const Verdict& verdict) {
  Before before{.reason = verdict.reason};
  const auto judged = [&](Family family, const auto& bytes) {
    Address source{.family = family};
    std::copy(bytes.begin(), bytes.end(), source.bytes.begin());
    before.listed = judge_source(policy, kNow, source).reason == APIGUARD_LISTED;
  };
  if (const Ipv4* ip = layer_of<Ipv4>(packet)) judged(Family::kIpv4, ip->src.bytes);
  if (const Ipv6* ip = layer_of<Ipv6>(packet)) judged(Family::kIpv6, ip->src.bytes);
  return before;
}

// For dropped packets under many policies: `change` of it must be dropped as well.
template <typename Change>
void dropped_stays_dropped(Change change) {
  Random random(seed_from_environment());
  std::size_t tried = 0;
  for (std::size_t round = 0; round < kPolicies; ++round) {
    const Policy policy = enforced_policy(random);
    Harness harness(policy);
    for (std::size_t i = 0; i < kPackets; ++i) {
      const Packet packet = random_packet(random, policy);
      if (packet.bytes().size() > 3000) continue;
      const Verdict before = harness.run(packet.bytes());
      if (before.outcome != APIGUARD_DROP) continue;
      const std::optional<Bytes> changed =
          change(random, packet, before_of(policy, packet, before));
      if (!changed || changed->size() > 3500) continue;
      ++tried;
      INFO(dump(policy) << "before " << hex(packet.bytes()) << "\nafter  " << hex(*changed));
      REQUIRE(drops(harness, *changed));
    }
  }
  CHECK(tried > 1000);
}

Bytes insert(Bytes frame, std::size_t at, const Bytes& more) {
  frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
  return frame;
}

std::size_t tags_of(const Packet& packet) {
  return static_cast<std::size_t>(
      std::count_if(packet.layers().begin(), packet.layers().end(),
                    [](const Layer& layer) { return std::holds_alternative<Vlan>(layer); }));
}

// An extension header right behind the IPv6 header, in bytes: the rest need not make sense. `tell`:
// the payload length says so.
Bytes with_extension(const Packet& packet, const Bytes& header, std::uint8_t type, bool tell) {
  const std::size_t ip = kEth + 4 * tags_of(packet);
  Bytes frame = packet.bytes();
  Bytes extension = header;
  extension[0] = std::exchange(frame[ip + 6], type);
  if (tell) {
    const std::size_t told = static_cast<std::size_t>(frame[ip + 4]) << 8 | frame[ip + 5];
    const auto length = static_cast<std::uint16_t>(told + header.size());
    frame[ip + 4] = static_cast<std::uint8_t>(length >> 8);
    frame[ip + 5] = static_cast<std::uint8_t>(length);
  }
  return insert(std::move(frame), ip + 40, extension);
}

}  // namespace

TEST_CASE("adding a tag never turns drop into pass", "[root]") {
  dropped_stays_dropped([](Random& random, const Packet& packet, const Before&) {
    const Bytes tag{static_cast<std::uint8_t>(random.percent(50) ? 0x81 : 0x88), 0, random.byte(),
                    random.byte()};
    Bytes frame = insert(packet, 12, tag);
    if (frame[12] == 0x88) frame[13] = 0xa8;
    return std::optional(frame);
  });
}

TEST_CASE("adding an IPv4 option never turns drop into pass", "[root]") {
  dropped_stays_dropped([](Random& random, Packet packet, const Before&) -> std::optional<Bytes> {
    Ipv4* ip = layer_of<Ipv4>(packet);
    if (ip == nullptr || ip->ihl || ip->options.size() > 36) return std::nullopt;
    for (int i = 0; i < 4; ++i) ip->options.push_back(random.byte());
    return packet;
  });
}

// From here on a listed source is another matter now and then: rows 13b and 15c drop its packets
// for headers that are there. Where the change says that these are beyond a first piece's end, the
// source decides.
TEST_CASE("adding an extension header never turns drop into pass", "[root]") {
  dropped_stays_dropped(
      [](Random& random, Packet packet, const Before& before) -> std::optional<Bytes> {
        static constexpr std::array<std::uint8_t, 4> kTypes{0, 43, 60, 51};
        if (layer_of<Ipv6>(packet) == nullptr) return std::nullopt;
        const std::uint8_t type = random.pick(kTypes);
        Bytes header = random.bytes(8 * (1 + random.below(3)));
        header[1] =
            static_cast<std::uint8_t>(type == 51 ? header.size() / 4 - 2 : header.size() / 8 - 1);
        return with_extension(packet, header, type, before.listed || random.percent(70));
      });
}

TEST_CASE("adding an extension header anywhere in the chain never turns drop into pass", "[root]") {
  dropped_stays_dropped([](Random& random, Packet packet,
                           const Before& before) -> std::optional<Bytes> {
    const Ipv6* ip = layer_of<Ipv6>(packet);
    if (ip == nullptr || (before.listed && ip->payload_length)) return std::nullopt;
    std::vector<Layer>& layers = packet.layers();
    auto at = std::find_if(layers.begin(), layers.end(),
                           [](const Layer& layer) { return std::holds_alternative<Ipv6>(layer); });
    // A header in front that lies about its length or its next header hides what is put behind it.
    const auto honest = [](const Layer& layer) {
      const auto* options = std::get_if<DstOpts>(&layer);
      return options != nullptr && !options->length && !options->next;
    };
    if (std::get<Ipv6>(*at).next) return std::nullopt;
    for (++at; at != layers.end() && honest(*at) && random.percent(70); ++at) {
    }
    layers.insert(at, Routing{.type = random.byte(), .segments_left = random.byte()});
    return packet;
  });
}

TEST_CASE("a fragment header that says whole or first piece never turns drop into pass", "[root]") {
  dropped_stays_dropped(
      [](Random& random, Packet packet, const Before& before) -> std::optional<Bytes> {
        if (layer_of<Ipv6>(packet) == nullptr) return std::nullopt;
        Bytes header = random.bytes(8);
        header[2] = 0;
        header[3] &= before.listed ? 6 : 7;
        return with_extension(packet, header, 44, before.listed || random.percent(70));
      });
}

// A packet cut off before its ports is another matter: with padding behind it the ports are there,
// in the padding (row 9 reads the frame, whatever the lengths in it say).
TEST_CASE("padding never turns drop into pass, once the ports were seen", "[root]") {
  dropped_stays_dropped(
      [](Random& random, const Packet& packet, const Before& before) -> std::optional<Bytes> {
        if (before.reason == APIGUARD_SHORT_TCP || before.reason == APIGUARD_EXT_CHAIN)
          return std::nullopt;
        Bytes frame = packet;
        const Bytes padding = random.bytes(1 + random.below(100));
        frame.insert(frame.end(), padding.begin(), padding.end());
        return frame;
      });
}

TEST_CASE("a lying length never turns drop into pass", "[root]") {
  dropped_stays_dropped(
      [](Random& random, Packet packet, const Before& before) -> std::optional<Bytes> {
        const std::uint16_t lie = random.percent(50) ? random.word() : random.byte();
        if (Ipv4* ip = layer_of<Ipv4>(packet)) ip->total_length = lie;
        // A first piece that was incomplete may be completed by a greater length: row 15.
        if (before.reason == APIGUARD_EXT_CHAIN) return std::nullopt;
        if (Ipv6* ip = layer_of<Ipv6>(packet)) ip->payload_length = lie;
        return packet;
      });
}

TEST_CASE("fragmentation never turns drop into pass: the piece at the front is dropped", "[root]") {
  dropped_stays_dropped(
      [](Random& random, Packet packet, const Before& before) -> std::optional<Bytes> {
        const Ipv4* ip = layer_of<Ipv4>(packet);
        if (ip == nullptr && layer_of<Ipv6>(packet) == nullptr) return std::nullopt;
        if (before.listed) return std::nullopt;
        if (ip != nullptr && ip->ihl) return std::nullopt;  // where the header ends is a lie
        const auto pieces = fragment(packet, 8 * (1 + random.below(8)));
        if (pieces.size() < 2) return std::nullopt;
        return pieces.front().bytes();
      });
}

TEST_CASE("listing a source only turns drop into pass", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t round = 0; round < kPolicies; ++round) {
    const Policy before = enforced_policy(random);
    Policy after = before;
    for (std::size_t i = 0; i < 10; ++i) {
      const Address source =
          random_source(random, before, i % 2 == 0 ? Family::kIpv4 : Family::kIpv6);
      after.ranges.push_back(allow(to_string(source)));
    }
    Harness without(before);
    Harness with(after);
    for (std::size_t i = 0; i < kPackets; ++i) {
      const Bytes frame = random_frame(random, after);
      const Verdict now = with.run(frame);
      if (const Verdict then = without.run(frame); now != then) {
        INFO(dump(after) << hex(frame) << "\n"
                         << test::to_string(then) << " -> " << test::to_string(now));
        REQUIRE((then.outcome == APIGUARD_DROP && now == Verdict{APIGUARD_PASS, APIGUARD_LISTED}));
      }
    }
  }
}

TEST_CASE("an except only turns pass into drop", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t round = 0; round < kPolicies; ++round) {
    const Policy before = enforced_policy(random);
    Policy after = before;
    for (std::size_t i = 0; i < 10; ++i) {
      const Address source =
          random_source(random, before, i % 2 == 0 ? Family::kIpv4 : Family::kIpv6);
      after.ranges.push_back(except(to_string(source)));
    }
    Harness without(before);
    Harness with(after);
    for (std::size_t i = 0; i < kPackets; ++i) {
      const Bytes frame = random_frame(random, after);
      INFO(dump(after) << hex(frame));
      REQUIRE((drops(with, frame) || !drops(without, frame)));
    }
  }
}

TEST_CASE("the order of ranges and endpoints is irrelevant", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t round = 0; round < kPolicies; ++round) {
    const Policy policy = enforced_policy(random);
    Policy shuffled = policy;
    for (std::size_t i = shuffled.ranges.size(); i > 1; --i) {
      std::swap(shuffled.ranges[i - 1], shuffled.ranges[random.below(i)]);
    }
    std::reverse(shuffled.endpoints.begin(), shuffled.endpoints.end());
    Harness straight(policy);
    Harness crooked(shuffled);
    for (std::size_t i = 0; i < kPackets; ++i) {
      const Bytes frame = random_frame(random, policy);
      INFO(dump(policy) << hex(frame));
      REQUIRE(straight.run(frame) == crooked.run(frame));
    }
  }
}

TEST_CASE("a packet to another port passes untouched under every list", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t round = 0; round < kPolicies; ++round) {
    const Policy policy = enforced_policy(random);
    Harness harness(policy);
    for (std::size_t i = 0; i < kPackets; ++i) {
      // A source port that could be read as the kind of a header leads to row 15b.
      const auto sport = static_cast<std::uint16_t>(0x8000 | random.word());
      const Tcp segment{.sport = sport, .dport = random.word(), .flags = random.byte()};
      const auto same = [&](const Endpoint& each) { return each.port == segment.dport; };
      if (std::any_of(policy.endpoints.begin(), policy.endpoints.end(), same)) continue;
      Packet packet = Eth();
      for (std::size_t tags = random.below(5); tags > 0; --tags) packet /= Vlan{};
      if (random.percent(50)) {
        packet /= Ipv4{.src = random_source(random, policy, Family::kIpv4),
                       .options = random.bytes(4 * random.below(11)),
                       .mf = random.percent(50)};
      } else {
        packet /= Ipv6{.src = random_source(random, policy, Family::kIpv6)};
        if (random.percent(50)) packet /= Routing{.segments_left = random.byte()};
        if (random.percent(50)) packet /= Frag{.more = random.percent(50)};
      }
      packet /= segment;
      INFO(dump(policy) << hex(packet.bytes()));
      REQUIRE(harness.run(packet.bytes()) == Verdict{APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC});
    }
  }
}
