// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A frame is built from its end to its start: when a header is written, everything it has to say
// about what follows is known. Only transport checksums wait for the addresses in front of them.
#include "tests/support/packet.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

namespace apiguard::test {

namespace {

void put16(Bytes& bytes, std::uint32_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

void put32(Bytes& bytes, std::uint32_t value) {
  put16(bytes, value >> 16);
  put16(bytes, value);
}

template <typename Range>
void append(Bytes& bytes, const Range& more) {
  bytes.insert(bytes.end(), std::begin(more), std::end(more));
}

void store16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

std::uint16_t low16(std::size_t value) { return static_cast<std::uint16_t>(value); }
std::uint8_t low8(std::size_t value) { return static_cast<std::uint8_t>(value); }

// Everything behind the header that is being written.
struct Tail {
  Bytes bytes{};
  std::uint16_t ether_type = 0x88b5;  // what the header in front shall call it
  std::uint8_t proto = 253;
  bool kept_length = false;  // 802.3: the EtherType in front is a length
  // A transport header whose checksum waits for the pseudo header.
  std::size_t transport = 0;    // bytes from its start to the end; 0: none waits
  std::size_t checksum_at = 0;  // offset in it
  std::uint8_t transport_proto = 0;
};

Tail in_front(const Bytes& header, Tail tail, std::uint8_t proto) {
  tail.bytes.insert(tail.bytes.begin(), header.begin(), header.end());
  tail.proto = proto;
  tail.ether_type = 0x88b5;
  tail.kept_length = false;
  return tail;
}

Tail waiting(Tail tail, std::size_t checksum_at) {
  tail.transport = tail.bytes.size();
  tail.checksum_at = checksum_at;
  tail.transport_proto = tail.proto;
  return tail;
}

template <typename Addresses>
void finish_checksum(Tail& tail, const Addresses& src, const Addresses& dst) {
  if (tail.transport == 0) return;
  const std::size_t start = tail.bytes.size() - tail.transport;
  Bytes summed;
  append(summed, src);
  append(summed, dst);
  put32(summed, static_cast<std::uint32_t>(tail.transport));
  put32(summed, tail.transport_proto);
  summed.insert(summed.end(), tail.bytes.begin() + static_cast<std::ptrdiff_t>(start),
                tail.bytes.end());
  std::uint16_t sum = internet_checksum(summed);
  if (sum == 0 && tail.transport_proto == IPPROTO_UDP) sum = 0xffff;  // RFC 768: 0 means none
  store16(tail.bytes, start + tail.checksum_at, sum);
  tail.transport = 0;
}

Bytes padded(Bytes bytes, std::size_t unit) {
  bytes.resize((bytes.size() + unit - 1) / unit * unit);
  return bytes;
}

std::uint16_t type_of(const std::optional<std::uint16_t>& given, const Tail& tail) {
  if (given) return *given;
  return tail.kept_length ? low16(tail.bytes.size()) : tail.ether_type;
}

Tail wrap(const Eth& eth, Tail tail) {
  Bytes header;
  append(header, eth.dst);
  append(header, eth.src);
  put16(header, type_of(eth.type, tail));
  return in_front(header, std::move(tail), 143);  // Ethernet in IPv6 (RFC 8986)
}

// The TPID belongs to the header in front; what is written here is the tag and the next EtherType.
Tail wrap(const Vlan& vlan, Tail tail) {
  Bytes header;
  put16(header, static_cast<std::uint32_t>(vlan.pcp) << 13 | (vlan.vid & 0x0fff));
  put16(header, type_of(vlan.type, tail));
  tail = in_front(header, std::move(tail), 253);
  tail.ether_type = vlan.tpid;
  return tail;
}

Tail wrap(const Llc& llc, Tail tail) {
  Bytes header{llc.dsap, llc.ssap, llc.control};
  if (llc.dsap == 0xaa) {
    append(header, llc.oui);
    put16(header, llc.snap_type.value_or(tail.ether_type));
  }
  tail = in_front(header, std::move(tail), 253);
  tail.kept_length = true;
  return tail;
}

Tail wrap(const Arp& arp, Tail tail) {
  Bytes header{0, 1, 8, 0, 6, 4};
  put16(header, arp.operation);
  append(header, arp.sender_mac);
  append(header, arp.sender.bytes);
  append(header, arp.target_mac);
  append(header, arp.target.bytes);
  tail = in_front(header, std::move(tail), 253);
  tail.ether_type = 0x0806;
  return tail;
}

Tail wrap(const Ipv4& ip, Tail tail) {
  finish_checksum(tail, ip.src.bytes, ip.dst.bytes);
  const Bytes options = padded(ip.options, 4);
  const std::size_t size = 20 + options.size();
  Bytes header{
      low8(static_cast<std::size_t>(ip.version) << 4 | (ip.ihl.value_or(low8(size / 4)) & 15)),
      ip.tos};
  put16(header, ip.total_length.value_or(low16(size + tail.bytes.size())));
  put16(header, ip.id);
  put16(header, static_cast<std::uint32_t>(ip.reserved << 15 | ip.df << 14 | ip.mf << 13) |
                    (ip.offset & 0x1fff));
  header.push_back(ip.ttl);
  header.push_back(ip.proto.value_or(tail.proto));
  put16(header, 0);
  append(header, ip.src.bytes);
  append(header, ip.dst.bytes);
  append(header, options);
  store16(header, 10, ip.checksum.value_or(internet_checksum(header)));
  tail = in_front(header, std::move(tail), IPPROTO_IPIP);
  tail.ether_type = 0x0800;
  return tail;
}

Tail wrap(const Ipv6& ip, Tail tail) {
  finish_checksum(tail, ip.src.bytes, ip.dst.bytes);
  Bytes header;
  put32(header, static_cast<std::uint32_t>(ip.version) << 28 |
                    static_cast<std::uint32_t>(ip.traffic_class) << 20 | (ip.flow_label & 0xfffff));
  put16(header, ip.payload_length.value_or(low16(tail.bytes.size())));
  header.push_back(ip.next.value_or(tail.proto));
  header.push_back(ip.hop_limit);
  append(header, ip.src.bytes);
  append(header, ip.dst.bytes);
  tail = in_front(header, std::move(tail), IPPROTO_IPV6);
  tail.ether_type = 0x86dd;
  return tail;
}

// Pad1 for one byte, PadN for more (RFC 8200 section 4.2).
Bytes padded_options(Bytes options) {
  const std::size_t missing = (8 - (options.size() + 2) % 8) % 8;
  if (missing == 1) options.push_back(0);
  if (missing >= 2) {
    options.push_back(1);
    options.push_back(low8(missing - 2));
    options.resize(options.size() + missing - 2);
  }
  return options;
}

template <typename Options>
Tail wrap_options(const Options& ext, Tail tail, std::uint8_t proto) {
  const Bytes options = padded_options(ext.options);
  Bytes header{ext.next.value_or(tail.proto),
               ext.length.value_or(low8((options.size() + 2) / 8 - 1))};
  append(header, options);
  return in_front(header, std::move(tail), proto);
}

Tail wrap(const HopByHop& ext, Tail tail) {
  return wrap_options(ext, std::move(tail), IPPROTO_HOPOPTS);
}

Tail wrap(const DstOpts& ext, Tail tail) {
  return wrap_options(ext, std::move(tail), IPPROTO_DSTOPTS);
}

Tail wrap(const Routing& ext, Tail tail) {
  Bytes data = ext.data;
  data.resize((data.size() + 4 + 7) / 8 * 8 - 4);
  Bytes header{ext.next.value_or(tail.proto), ext.length.value_or(low8((data.size() + 4) / 8 - 1)),
               ext.type, ext.segments_left};
  append(header, data);
  return in_front(header, std::move(tail), IPPROTO_ROUTING);
}

Tail wrap(const Ah& ah, Tail tail) {
  const Bytes icv = padded(ah.icv, 4);
  Bytes header{ah.next.value_or(tail.proto), ah.length.value_or(low8((12 + icv.size()) / 4 - 2)), 0,
               0};
  put32(header, ah.spi);
  put32(header, ah.sequence);
  append(header, icv);
  return in_front(header, std::move(tail), IPPROTO_AH);
}

Tail wrap(const Frag& frag, Tail tail) {
  Bytes header{frag.next.value_or(tail.proto), frag.reserved};
  put16(header, static_cast<std::uint32_t>(frag.offset) << 3 |
                    (static_cast<std::uint32_t>(frag.reserved2) & 3) << 1 | frag.more);
  put32(header, frag.id);
  return in_front(header, std::move(tail), IPPROTO_FRAGMENT);
}

Tail wrap(const Esp& esp, Tail tail) {
  Bytes header;
  put32(header, esp.spi);
  put32(header, esp.sequence);
  return in_front(header, std::move(tail), IPPROTO_ESP);
}

Tail wrap(const NoNext&, Tail tail) { return in_front({}, std::move(tail), IPPROTO_NONE); }

Tail wrap(const Tcp& tcp, Tail tail) {
  const Bytes options = padded(tcp.options, 4);
  Bytes header;
  put16(header, tcp.sport);
  put16(header, tcp.dport);
  put32(header, tcp.seq);
  put32(header, tcp.ack);
  const std::uint8_t words = tcp.data_offset.value_or(low8(5 + options.size() / 4));
  header.push_back(low8(static_cast<std::size_t>(words) << 4));
  header.push_back(tcp.flags);
  put16(header, tcp.window);
  put16(header, tcp.checksum.value_or(0));
  put16(header, tcp.urgent);
  append(header, options);
  tail = in_front(header, std::move(tail), IPPROTO_TCP);
  return tcp.checksum ? tail : waiting(std::move(tail), 16);
}

Tail wrap(const Udp& udp, Tail tail) {
  Bytes header;
  put16(header, udp.sport);
  put16(header, udp.dport);
  put16(header, udp.length.value_or(low16(8 + tail.bytes.size())));
  put16(header, udp.checksum.value_or(0));
  tail = in_front(header, std::move(tail), IPPROTO_UDP);
  return udp.checksum ? tail : waiting(std::move(tail), 6);
}

Tail wrap(const Icmp& icmp, Tail tail) {
  Bytes header{icmp.type, icmp.code, 0, 0};
  put32(header, icmp.rest);
  tail = in_front(header, std::move(tail), IPPROTO_ICMP);
  store16(tail.bytes, 2, icmp.checksum.value_or(internet_checksum(tail.bytes)));
  return tail;
}

Tail wrap(const Icmp6& icmp, Tail tail) {
  Bytes header{icmp.type, icmp.code};
  put16(header, icmp.checksum.value_or(0));
  put32(header, icmp.rest);
  tail = in_front(header, std::move(tail), IPPROTO_ICMPV6);
  return icmp.checksum ? tail : waiting(std::move(tail), 2);
}

// Transparent to whatever the bytes in front of it call what follows, if something does.
Tail wrap(const Raw& raw, Tail tail) { return in_front(raw.bytes, std::move(tail), 253); }

Tail build(std::span<const Layer> layers) {
  Tail tail;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    tail = std::visit([&](const auto& header) { return wrap(header, std::move(tail)); }, *layer);
  }
  return tail;
}

[[noreturn]] void no_address(const char* text) {
  std::fprintf(stderr, "no address in a test packet: '%s'\n", text);
  std::abort();
}

bool is_ip(const Layer& layer) {
  return std::holds_alternative<Ipv4>(layer) || std::holds_alternative<Ipv6>(layer);
}

// One piece of a fragmented packet: the headers every piece repeats, then its share of the rest.
Packet piece_of(std::span<const Layer> head, const Tail& rest, std::size_t start, std::size_t end) {
  Packet packet;
  const auto offset = low16(start / 8);
  const bool more = end < rest.bytes.size();
  for (const Layer& layer : head) packet /= layer;
  for (Layer& layer : packet.layers()) {
    if (auto* ip4 = std::get_if<Ipv4>(&layer)) {
      ip4->offset = offset;
      ip4->mf = more;
      ip4->proto = ip4->proto.value_or(rest.proto);
    } else if (auto* ip6 = std::get_if<Ipv6>(&layer)) {
      std::optional<std::uint8_t>
          lie;  // about what follows: moves into the last header in front of it
      if (std::holds_alternative<Ipv6>(head.back())) lie = std::exchange(ip6->next, std::nullopt);
      packet /= Frag{.offset = offset, .more = more, .next = lie.value_or(rest.proto)};
      break;
    }
  }
  packet /= Raw{Bytes(rest.bytes.begin() + static_cast<std::ptrdiff_t>(start),
                      rest.bytes.begin() + static_cast<std::ptrdiff_t>(end))};
  return packet;
}

}  // namespace

Ip4::Ip4(const char* text) {
  if (inet_pton(AF_INET, text, bytes.data()) != 1) no_address(text);
}

Ip4::Ip4(const apiguard::Address& from) { std::copy_n(from.bytes.begin(), 4, bytes.begin()); }

Ip6::Ip6(const char* text) {
  if (inet_pton(AF_INET6, text, bytes.data()) != 1) no_address(text);
}

Ip6::Ip6(const apiguard::Address& from) : bytes(from.bytes) {}

Packet& Packet::operator/=(Layer next) {
  layers_.push_back(std::move(next));
  return *this;
}

Packet operator/(Packet packet, const Layer& next) { return packet /= next; }

Bytes Packet::bytes() const { return build(layers_).bytes; }

Packet with_source(Packet packet, const Ip4& src4, const Ip6& src6) {
  for (Layer& layer : packet.layers()) {
    if (auto* ip4 = std::get_if<Ipv4>(&layer)) ip4->src = src4;
    if (auto* ip6 = std::get_if<Ipv6>(&layer)) ip6->src = src6;
    if (is_ip(layer)) break;
  }
  return packet;
}

std::vector<Packet> fragment(const Packet& whole, std::size_t piece, std::size_t kept) {
  const std::vector<Layer>& layers = whole.layers();
  const auto ip = std::find_if(layers.begin(), layers.end(), is_ip);
  if (ip == layers.end() || piece == 0 || piece % 8 != 0) return {whole};
  const auto headers = static_cast<std::size_t>(ip - layers.begin()) + 1 + kept;
  Tail rest = build(std::span(layers).subspan(headers));
  const Bytes frame = whole.bytes();  // with the checksums of the whole
  rest.bytes.assign(frame.end() - static_cast<std::ptrdiff_t>(rest.bytes.size()), frame.end());
  std::vector<Packet> pieces;
  for (std::size_t start = 0; start < rest.bytes.size(); start += piece) {
    const std::size_t end = std::min(start + piece, rest.bytes.size());
    pieces.push_back(piece_of(std::span(layers).first(headers), rest, start, end));
  }
  return pieces;
}

Bytes cut(Bytes frame, std::size_t length) {
  frame.resize(std::min(length, frame.size()));
  return frame;
}

Bytes pad(Bytes frame, std::size_t length) {
  frame.resize(std::max(length, frame.size()));
  return frame;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Bytes from_hex(std::string_view digits) {
  std::string plain;
  for (const char c : digits) {
    if (c != ' ' && c != '\n') plain += c;
  }
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < plain.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(plain.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint64_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace apiguard::test
