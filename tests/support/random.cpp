// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/support/random.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace apiguard::test {

namespace {

constexpr std::size_t kMaxFrame = 3000;
constexpr std::array<std::uint16_t, 7> kPorts{6443, 443, 8443, 9345, 16443, 1, 65535};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

Family random_family(Random& random) { return random.percent(50) ? Family::kIpv4 : Family::kIpv6; }

std::size_t bytes_of(Family family) { return family == Family::kIpv4 ? 4 : 16; }

Address random_address(Random& random, Family family) {
  Address address{.family = family, .bytes = {}};
  for (std::size_t i = 0; i < bytes_of(family); ++i) address.bytes[i] = random.byte();
  return address;
}

void set_bit(Address& address, std::size_t i, bool value) {
  const auto mask = static_cast<std::uint8_t>(0x80 >> (i % 8));
  std::uint8_t& byte = address.bytes[i / 8];
  byte = static_cast<std::uint8_t>(value ? byte | mask : byte & ~mask);
}

// Bits from `length` on: all 0, all 1 or random.
enum class Rest { kZero, kOne, kRandom };

Address with_rest(Random& random, Address address, std::size_t length, Rest rest) {
  for (std::size_t i = length; i < max_length(address.family); ++i) {
    set_bit(address, i, rest == Rest::kOne || (rest == Rest::kRandom && random.percent(50)));
  }
  return address;
}

}  // namespace

Address beside(Address address, bool up) {
  for (std::size_t i = bytes_of(address.family); i-- > 0;) {
    const std::uint8_t before = address.bytes[i];
    address.bytes[i] = static_cast<std::uint8_t>(up ? before + 1 : before - 1);
    if (before != (up ? 0xff : 0x00)) break;
  }
  return address;
}

namespace {

// Addresses that bound endpoints and packets share, so that they meet.
Address destination(Random& random, Family family) {
  Address address{.family = family, .bytes = {}};
  const Bytes front = family == Family::kIpv4 ? Bytes{198, 51, 100} : Bytes{0x20, 0x01, 0x0d, 0xb8};
  std::copy(front.begin(), front.end(), address.bytes.begin());
  address.bytes[bytes_of(family) - 1] = static_cast<std::uint8_t>(1 + random.below(3));
  return address;
}

std::vector<Endpoint> random_endpoints(Random& random) {
  const std::size_t count = random.percent(5) ? 32 : 1 + random.below(5);
  std::vector<Endpoint> endpoints;
  for (std::size_t tries = 0; tries < 4 * count && endpoints.size() < count; ++tries) {
    Endpoint endpoint{.address = std::nullopt, .port = random.pick(kPorts)};
    if (count == 32 && random.percent(50))
      endpoint.port = static_cast<std::uint16_t>(1 + random.below(65535));
    if (random.percent(60)) endpoint.address = destination(random, random_family(random));
    if (std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end()) {
      endpoints.push_back(endpoint);
    }
  }
  return endpoints;
}

Prefix prefix_of(Random& random, const Address& address, std::size_t length) {
  return {.address = with_rest(random, address, length, Rest::kZero),
          .length = static_cast<std::uint8_t>(length)};
}

Prefix fresh_prefix(Random& random) {
  const Family family = random_family(random);
  const std::size_t most = max_length(family);
  const std::size_t length = random.percent(4)    ? 0
                             : random.percent(20) ? most
                                                  : 1 + random.below(most);
  return prefix_of(random, random_address(random, family), length);
}

// Inside, around or the same as one there is already.
Prefix related_prefix(Random& random, const Prefix& other) {
  const std::size_t most = max_length(other.address.family);
  if (random.percent(15)) return other;
  if (random.percent(20)) return prefix_of(random, other.address, random.below(other.length + 1U));
  const std::size_t room = most - other.length;
  const std::size_t deeper = room == 0            ? 0
                             : random.percent(60) ? std::min<std::size_t>(room, 1 + random.below(4))
                                                  : 1 + random.below(room);
  const Address inside = with_rest(random, other.address, other.length, Rest::kRandom);
  return prefix_of(random, inside, other.length + deeper);
}

// Where entries end, several of one prefix are what is interesting.
Prefix next_prefix(Random& random, const std::vector<Range>& others, const PolicyOptions& options) {
  if (others.empty()) return fresh_prefix(random);
  if (!options.ends.empty() && random.percent(25)) return random.pick(others).prefix;
  if (random.percent(30)) return fresh_prefix(random);
  return related_prefix(random, random.pick(others).prefix);
}

Range random_range(Random& random, const std::vector<Range>& others, const PolicyOptions& options) {
  Range range;
  range.prefix = next_prefix(random, others, options);
  range.kind = random.percent(5)    ? Kind::kCluster
               : random.percent(30) ? Kind::kExcept
                                    : Kind::kAllow;
  if (range.kind != Kind::kCluster && !options.ends.empty() && random.percent(45)) {
    range.until = random.pick(options.ends);
  }
  return range;
}

// The parser refuses an except inside a cluster range.
void drop_excepts_in_clusters(std::vector<Range>& ranges) {
  std::vector<Prefix> clusters;
  for (const Range& range : ranges) {
    if (range.kind == Kind::kCluster) clusters.push_back(range.prefix);
  }
  std::erase_if(ranges, [&](const Range& range) {
    return range.kind == Kind::kExcept &&
           std::any_of(clusters.begin(), clusters.end(),
                       [&](const Prefix& cluster) { return covers(cluster, range.prefix); });
  });
}

Address special_source(Random& random, Family family) {
  static const std::array<const char*, 6> k4{"127.0.0.1",   "0.0.0.0",   "255.255.255.255",
                                             "169.254.1.1", "224.0.0.1", "198.51.100.1"};
  static const std::array<const char*, 6> k6{"::1",     "::",          "fe80::1",
                                             "ff02::1", "2001:db8::1", "64:ff9b::c000:207"};
  return *parse_address(family == Family::kIpv4 ? random.pick(k4) : random.pick(k6));
}

std::optional<std::uint8_t> rarely_byte(Random& random, std::size_t chance) {
  if (!random.percent(chance)) return std::nullopt;
  return random.byte();
}

// Next headers and protocols worth lying about.
std::optional<std::uint8_t> rarely_protocol(Random& random, std::size_t chance) {
  static constexpr std::array<std::uint8_t, 16> kProtocols{0,  1,  4,  6,  17, 41, 43,  44,
                                                           47, 50, 51, 58, 59, 60, 132, 135};
  if (!random.percent(chance)) return std::nullopt;
  return random.percent(80) ? random.pick(kProtocols) : random.byte();
}

std::uint16_t random_port(Random& random, const Policy& policy) {
  if (random.percent(70)) return random.pick(policy.endpoints).port;
  if (random.percent(60)) return random.pick(kPorts);
  const std::uint16_t port = random.pick(policy.endpoints).port;
  if (random.percent(50)) return static_cast<std::uint16_t>(port << 8 | port >> 8);
  return random.word();
}

void add_transport(Random& random, const Policy& policy, Packet& packet, bool v6) {
  const std::size_t kind = random.below(100);
  if (kind < 72) {
    packet /= Tcp{.sport = random_port(random, policy),
                  .dport = random_port(random, policy),
                  .seq = static_cast<std::uint32_t>(random_port(random, policy)),
                  .flags = random.byte(),
                  .checksum = random.word()};
  } else if (kind < 82) {
    packet /= Udp{.dport = random_port(random, policy), .checksum = random.word()};
  } else if (kind < 86) {
    if (v6) {
      packet /= Icmp6{.checksum = 0};
    } else {
      packet /= Icmp{.checksum = 0};
    }
  } else if (kind < 90) {
    packet /= Esp{};
  } else if (kind < 93) {
    packet /= NoNext{};
    packet /= Tcp{.checksum = 0};
  } else if (kind < 96) {
    packet /= Ipv4{.checksum = 0};
    packet /= Tcp{.checksum = 0};
  } else {
    packet /= Raw{random.bytes(random.below(24))};
  }
  if (random.percent(30)) packet /= Raw{random.bytes(random.below(60))};
}

void add_ipv4(Random& random, const Policy& policy, Packet& packet) {
  Ipv4 ip{.src = random_source(random, policy, Family::kIpv4),
          .dst = destination(random, Family::kIpv4),
          .checksum = 0};
  if (random.percent(5)) ip.dst = random_address(random, Family::kIpv4);
  if (random.percent(25)) ip.options = random.bytes(4 * (1 + random.below(10)));
  if (random.percent(4)) ip.ihl = static_cast<std::uint8_t>(random.below(16));
  if (random.percent(2)) ip.version = static_cast<std::uint8_t>(random.below(16));
  if (random.percent(10)) ip.total_length = static_cast<std::uint16_t>(random.below(80));
  ip.reserved = random.percent(10);
  ip.df = random.percent(30);
  ip.mf = random.percent(20);
  if (random.percent(6)) ip.offset = static_cast<std::uint16_t>(1 << random.below(13));
  ip.proto = rarely_protocol(random, 4);
  packet /= ip;
  add_transport(random, policy, packet, false);
}

Bytes random_options(Random& random) {
  if (random.percent(60)) return {};
  return random.bytes(random.percent(90) ? random.below(40) : random.below(400));
}

Layer random_extension(Random& random) {
  const auto length = rarely_byte(random, 2);
  const auto next = rarely_protocol(random, 3);
  switch (random.below(7)) {
    case 0:
      return HopByHop{.options = random_options(random), .length = length, .next = next};
    case 1:
    case 2:
      return DstOpts{.options = random_options(random), .length = length, .next = next};
    case 3:
      return Routing{.type = random.byte(),
                     .segments_left = random.byte(),
                     .data = random_options(random),
                     .length = length,
                     .next = next};
    case 4:
      return Ah{.icv = random.bytes(4 * random.below(9)), .length = length, .next = next};
    default:
      return Frag{
          .offset = static_cast<std::uint16_t>(random.percent(15) ? 1 << random.below(13) : 0),
          .more = random.percent(60),
          .reserved = random.byte(),
          .reserved2 = static_cast<std::uint8_t>(random.below(4)),
          .next = next};
  }
}

// Few headers mostly, eight and nine often enough. More than one fragment header only now and then.
void add_chain(Random& random, Packet& packet) {
  static constexpr std::array<std::size_t, 20> kCounts{0, 0, 0, 0, 1, 1, 1, 1, 1, 2,
                                                       2, 2, 3, 3, 4, 6, 7, 8, 9, 10};
  std::size_t fragments = 0;
  for (std::size_t count = random.pick(kCounts); count > 0; --count) {
    Layer extension = random_extension(random);
    if (std::holds_alternative<Frag>(extension) && ++fragments > 1 && !random.percent(20)) {
      extension = DstOpts{};
    }
    packet /= std::move(extension);
  }
}

// Options of exactly so many bytes, of a kind that receivers skip.
Bytes skipped_options(std::size_t size) {
  constexpr std::uint8_t kSkipped = 0x1e;
  Bytes options;
  while (size > 0) {
    std::size_t part = std::min<std::size_t>(size, 257);
    if (size - part == 1) --part;  // no option is one byte long
    options.insert(options.end(), {kSkipped, static_cast<std::uint8_t>(part - 2)});
    options.resize(options.size() + part - 2);
    size -= part;
  }
  return options;
}

// A header of exactly so many bytes, a multiple of 4, at least 8. Half of them only AH can be.
Layer header_of(Random& random, std::size_t size) {
  if (size % 8 != 0 || (size >= 16 && random.percent(15))) return Ah{.icv = Bytes(size - 12)};
  if (random.percent(15)) return Routing{.type = random.byte(), .data = Bytes(size - 4)};
  if (random.percent(15)) return HopByHop{.options = skipped_options(size - 2)};
  return DstOpts{.options = skipped_options(size - 2)};
}

// Where the last header begins, counted from the IPv6 header: 256 and the next 48 bytes are those
// that Linux takes for the IPv6 header.
std::size_t random_begin(Random& random) {
  const std::size_t kind = random.below(100);
  if (kind < 45) return 256 + 4 * random.below(12);
  if (kind < 70) return 240 + 4 * random.below(8);
  return 52 + 4 * random.below(137);
}

}  // namespace

std::vector<Layer> long_front(Random& random) {
  std::size_t more = random.below(random.percent(70) ? 8 : 20);
  std::vector<Layer> layers;
  for (std::size_t left = more == 0 ? 0 : random_begin(random) - 40; left > 0; --more) {
    std::size_t size = left;
    if (more > 1) size = std::min(left, 8 * (1 + random.below(left / 4 / more + 1)));
    if (left - size == 4) size = left;  // no header is 4 bytes long
    layers.push_back(header_of(random, size));
    left -= size;
  }
  layers.push_back(header_of(random, 8 + 4 * random.below(4)));
  return layers;
}

namespace {

// Rows 13b and 15c, and what is next to them.
void add_long_front(Random& random, Packet& packet) {
  for (Layer& layer : long_front(random)) packet /= std::move(layer);
  if (random.percent(10)) return;
  packet /= Frag{.offset = static_cast<std::uint16_t>(random.percent(8) ? 1 + random.below(9) : 0),
                 .more = random.percent(50),
                 .next = rarely_protocol(random, 10)};
}

void add_ipv6(Random& random, const Policy& policy, Packet& packet) {
  Ipv6 ip{.src = random_source(random, policy, Family::kIpv6),
          .dst = destination(random, Family::kIpv6)};
  if (random.percent(5)) ip.dst = random_address(random, Family::kIpv6);
  if (random.percent(5)) ip.dst = destination(random, Family::kIpv4);  // its bytes, then zeros
  if (random.percent(2)) ip.version = static_cast<std::uint8_t>(random.below(16));
  if (random.percent(10)) ip.flow_label = static_cast<std::uint32_t>(random.word());
  ip.next = rarely_protocol(random, 2);
  packet /= ip;
  const std::size_t at = packet.layers().size() - 1;
  const std::size_t start = packet.bytes().size();
  if (random.percent(15)) add_long_front(random, packet);
  add_chain(random, packet);
  const std::size_t chain = packet.bytes().size() - start;
  add_transport(random, policy, packet, true);
  if (!random.percent(35)) return;
  // Row 15: payload lengths that end near the end of the chain, where it matters.
  const std::size_t whole = packet.bytes().size() - start;
  const std::size_t lie =
      random.percent(60) ? chain + random.below(20) : 8 + random.below(whole + 16);
  std::get<Ipv6>(packet.layers()[at]).payload_length =
      static_cast<std::uint16_t>(std::max<std::size_t>(lie, 8) - 8);
}

void add_other(Random& random, Packet& packet) {
  static constexpr std::array<std::uint16_t, 8> kTypes{0x8863, 0x8864, 0x8847, 0x88cc,
                                                       0x9100, 0x0801, 0x86dc, 0x05dc};
  if (random.percent(30)) {
    packet /= Arp{};
  } else if (random.percent(30)) {
    packet /= Llc{};
    packet /= Ipv4{.checksum = 0};
    packet /= Tcp{.checksum = 0};
  } else {
    const std::uint16_t type = random.pick(kTypes);
    if (auto* eth = std::get_if<Eth>(&packet.layers().back())) eth->type = type;
    if (auto* tag = std::get_if<Vlan>(&packet.layers().back())) tag->type = type;
    packet /= Raw{random.bytes(random.below(60))};
  }
}

void flip_bits(Random& random, Bytes& frame) {
  for (std::size_t flips = 1 + random.below(3); flips > 0; --flips) {
    const std::size_t at =
        random.percent(70) ? 12 + random.below(frame.size() - 12) : random.below(frame.size());
    frame[at] = random.percent(50) ? random.byte()
                                   : static_cast<std::uint8_t>(frame[at] ^ 1 << random.below(8));
  }
}

}  // namespace

Bytes Random::bytes(std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& each : bytes) each = byte();
  return bytes;
}

std::uint64_t seed_from_environment() {
  const std::uint64_t seed = from_environment("APIGUARD_SEED", std::random_device{}());
  std::printf("APIGUARD_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

std::size_t packets_from_environment(std::size_t packets) {
  return from_environment("APIGUARD_PACKETS", packets);
}

Policy random_policy(Random& random, const PolicyOptions& options) {
  Policy policy;
  policy.mode = random.percent(3) ? Mode::kOff : random.percent(20) ? Mode::kAudit : Mode::kEnforce;
  policy.interfaces = {"eth0"};
  policy.endpoints = random_endpoints(random);
  const std::size_t most =
      random.percent(50) ? std::min<std::size_t>(8, options.max_ranges) : options.max_ranges;
  for (std::size_t count = 1 + random.below(most); count > 0; --count) {
    policy.ranges.push_back(random_range(random, policy.ranges, options));
  }
  drop_excepts_in_clusters(policy.ranges);
  if (policy.ranges.empty()) {
    policy.ranges.emplace_back();
    policy.ranges.back().prefix = fresh_prefix(random);
  }
  return policy;
}

Address random_source(Random& random, const Policy& policy, Family family) {
  if (random.percent(8)) return special_source(random, family);
  const Range& range = random.pick(policy.ranges);
  if (range.prefix.address.family != family || random.percent(10))
    return random_address(random, family);
  const auto rest = random.pick(std::array{Rest::kZero, Rest::kOne, Rest::kRandom, Rest::kRandom});
  const Address inside = with_rest(random, range.prefix.address, range.prefix.length, rest);
  if (rest == Rest::kRandom || random.percent(40)) return inside;
  return beside(inside, rest == Rest::kOne);
}

Packet random_packet(Random& random, const Policy& policy) {
  static constexpr std::array<std::size_t, 24> kTags{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                                     0, 0, 0, 0, 1, 1, 1, 2, 3, 4, 5, 6};
  Packet packet = Eth();
  for (std::size_t count = random.pick(kTags); count > 0; --count) {
    packet /= Vlan{.vid = random.word(),
                   .pcp = static_cast<std::uint8_t>(random.below(8)),
                   .tpid = static_cast<std::uint16_t>(random.percent(70) ? 0x8100 : 0x88a8)};
  }
  const std::size_t kind = random.below(100);
  if (kind < 45) {
    add_ipv4(random, policy, packet);
  } else if (kind < 95) {
    add_ipv6(random, policy, packet);
  } else {
    add_other(random, packet);
  }
  return packet;
}

Bytes random_frame(Random& random, const Policy& policy) {
  Bytes frame = cut(random_packet(random, policy), kMaxFrame);
  if (random.percent(5)) flip_bits(random, frame);
  if (random.percent(5)) frame = pad(std::move(frame), frame.size() + random.below(80));
  if (random.percent(15)) {
    // Anywhere, or where a TCP header at the end keeps about four bytes.
    const std::size_t missing =
        random.percent(50) ? 14 + random.below(10) : random.below(frame.size());
    frame = cut(std::move(frame), frame.size() - std::min(missing, frame.size()));
  }
  return pad(cut(std::move(frame), kMaxFrame), 14);
}

}  // namespace apiguard::test
