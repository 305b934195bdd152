// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/support/rows.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "tests/support/run.hpp"

namespace apiguard::test {

namespace {

constexpr std::size_t kEth = 14;
constexpr std::size_t kIp4 = kEth + 20;  // where behind an IPv4 header without options TCP begins
constexpr std::size_t kIp6 = kEth + 40;  // where behind an IPv6 header the chain begins
constexpr std::uint16_t kAd = 0x88a8;

const auto kNotIp = APIGUARD_NOT_IP;
const auto kVlanDepth = APIGUARD_VLAN_DEPTH;
const auto kMalformed = APIGUARD_MALFORMED;
const auto kLater = APIGUARD_LATER_FRAGMENT;
const auto kShort = APIGUARD_SHORT_TCP;
const auto kOther = APIGUARD_OTHER_TRAFFIC;
const auto kChain = APIGUARD_EXT_CHAIN;
const auto kJudged = APIGUARD_UNLISTED;

Packet tags(int count, std::uint16_t tpid = 0x8100) {
  Packet packet = Eth();
  for (int i = 0; i < count; ++i) packet /= Vlan{.tpid = tpid};
  return packet;
}

// One statement a packet: a braced list of them all takes compilers minutes.
struct Table {
  std::vector<Row> rows;

  [[gnu::noinline]] void operator()(const char* row, const char* what, const Packet& packet,
                                    apiguard_reason reason, std::size_t cut_at = kWhole) {
    rows.push_back({row, what, packet, reason, cut_at, reason == kVlanDepth});
  }

  // Dropped whatever the source.
  [[gnu::noinline]] void drops(const char* row, const char* what, const Packet& packet,
                               std::size_t cut_at = kWhole) {
    rows.push_back({row, what, packet, kChain, cut_at, true});
  }
};

// IPv6 with `count` destination-options headers.
Packet chain(int count) {
  Packet packet = Eth() / Ipv6{};
  for (int i = 0; i < count; ++i) packet /= DstOpts{};
  return packet;
}

Ipv6 claims(std::uint16_t payload_length) { return {.payload_length = payload_length}; }

template <typename T>
T parsed(Result<T> result, std::string_view text) {
  if (result) return *result;
  std::fprintf(stderr, "'%.*s' in a test: %s\n", static_cast<int>(text.size()), text.data(),
               result.error().message.c_str());
  std::abort();
}

Range range(std::string_view cidr, Kind kind, std::optional<Timestamp> until) {
  return {.prefix = prefix(cidr), .kind = kind, .name = {}, .until = until, .origin = {}};
}

}  // namespace

std::vector<Row> link_rows() {
  const Bytes tcp4 = Ipv4{} / Tcp{};
  Table add;
  add("1", "ARP", Eth() / Arp{}, kNotIp);
  add("1", "LLDP", Eth{.type = 0x88cc} / Raw{tcp4}, kNotIp);
  add("1", "LACP", Eth{.type = 0x8809} / Raw{tcp4}, kNotIp);
  add("1", "802.3 LLC", Eth() / Llc{.dsap = 0x42, .ssap = 0x42} / Raw{tcp4}, kNotIp);
  add("1", "SNAP that carries IPv4", Eth() / Llc{} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "SNAP that carries IPv6", Eth() / Llc{} / Ipv6{} / Tcp{}, kNotIp);
  add("1", "PPPoE session", Eth{.type = 0x8864} / Raw{tcp4}, kNotIp);
  add("1", "MPLS", Eth{.type = 0x8847} / Raw{tcp4}, kNotIp);
  add("1", "the old QinQ TPID 0x9100", Eth() / Vlan{.tpid = 0x9100} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "the old QinQ TPID 0x9200", Eth() / Vlan{.tpid = 0x9200} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "an EtherType beside that of IPv4", Eth{.type = 0x0801} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "the EtherType of IPv4 turned round", Eth{.type = 0x0008} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "an Ethernet header and nothing else", Eth(), kNotIp);
  add("1", "ARP behind a tag", Eth() / Vlan{.vid = 7} / Arp{}, kNotIp);
  add("1", "LLC behind a tag", Eth() / Vlan{} / Llc{} / Ipv4{} / Tcp{}, kNotIp);
  add("1", "ARP behind four tags", tags(4) / Arp{}, kNotIp);
  add("1", "a frame that ends where a tag begins", tags(1) / Ipv4{} / Tcp{}, kNotIp, 14);
  add("1", "a frame that ends inside a tag", tags(1) / Ipv4{} / Tcp{}, kNotIp, 16);
  add("1", "a frame that ends inside the EtherType", tags(1) / Ipv4{} / Tcp{}, kNotIp, 17);
  add("1", "a frame that ends inside the fourth tag", tags(4) / Ipv4{} / Tcp{}, kNotIp, 29);
  add("2", "one tag, IPv4", tags(1) / Ipv4{} / Tcp{}, kJudged);
  add("2", "one tag, IPv6", tags(1) / Ipv6{} / Tcp{}, kJudged);
  add("2", "one 802.1ad tag", tags(1, kAd) / Ipv4{} / Tcp{}, kJudged);
  add("2", "QinQ", Eth() / Vlan{.vid = 7, .tpid = kAd} / Vlan{.vid = 9} / Ipv6{} / Tcp{}, kJudged);
  add("2", "QinQ the wrong way round", Eth() / Vlan{} / Vlan{.tpid = kAd} / Ipv4{} / Tcp{},
      kJudged);
  add("2", "a tag with every bit set", Eth() / Vlan{.vid = 4095, .pcp = 7} / Ipv4{} / Tcp{},
      kJudged);
  add("2", "two tags", tags(2) / Ipv4{} / Tcp{}, kJudged);
  add("2", "three tags", tags(3) / Ipv6{} / Tcp{}, kJudged);
  add("2", "four tags, IPv4", tags(4) / Ipv4{} / Tcp{}, kJudged);
  add("2", "four tags, IPv6", tags(4, kAd) / Ipv6{} / Tcp{}, kJudged);
  add("2", "four tags, another port", tags(4) / Ipv4{} / Tcp{.dport = 22}, kOther);
  add("2", "a tag in front of options", tags(1) / Ipv4{.options = Bytes(8)} / Tcp{}, kJudged);
  add("3", "five tags, IPv4", tags(5) / Ipv4{} / Tcp{}, kVlanDepth);
  add("3", "five tags, IPv6", tags(5) / Ipv6{} / Tcp{}, kVlanDepth);
  add("3", "five 802.1ad tags", tags(5, kAd) / Ipv4{} / Tcp{}, kVlanDepth);
  add("3", "five tags, another port", tags(5) / Ipv4{} / Tcp{.dport = 22}, kVlanDepth);
  add("3", "five tags, ARP", tags(5) / Arp{}, kVlanDepth);
  add("3", "forty tags", tags(40) / Ipv4{} / Tcp{}, kVlanDepth);
  add("3", "a fifth tag of which only the TPID arrives", tags(5) / Ipv4{}, kVlanDepth, 30);
  add("3", "a fifth tag that is cut off", tags(5) / Ipv4{}, kVlanDepth, 33);
  return add.rows;
}

std::vector<Row> ipv4_rows() {
  const Packet plain = Eth() / Ipv4{} / Tcp{};
  const Packet options = Eth() / Ipv4{.options = Bytes(8)} / Tcp{};
  Table add;
  add("4", "no IPv4 header behind the EtherType", plain, kMalformed, kEth);
  add("4", "one byte of an IPv4 header", plain, kMalformed, kEth + 1);
  add("4", "19 bytes of an IPv4 header", plain, kMalformed, kIp4 - 1);
  add("4", "options cut off at once", options, kMalformed, kIp4);
  add("4", "options short of one byte", options, kMalformed, kIp4 + 7);
  add("4", "version 6 under the EtherType of IPv4", Eth() / Ipv4{.version = 6} / Tcp{}, kMalformed);
  add("4", "version 0", Eth() / Ipv4{.version = 0} / Tcp{}, kMalformed);
  add("4", "version 5", Eth() / Ipv4{.version = 5} / Tcp{}, kMalformed);
  add("4", "IHL 0", Eth() / Ipv4{.ihl = 0} / Tcp{}, kMalformed);
  add("4", "IHL 4", Eth() / Ipv4{.ihl = 4} / Tcp{}, kMalformed);
  add("4", "IHL 15 and no room for it", Eth() / Ipv4{.ihl = 15} / Tcp{}, kMalformed);
  add("4", "an IPv6 packet under the EtherType of IPv4", Eth{.type = 0x0800} / Ipv6{} / Tcp{},
      kMalformed);
  add("4", "malformed comes before later fragment", Eth() / Ipv4{.ihl = 4, .offset = 9} / Tcp{},
      kMalformed);
  add("5", "one word of options", Eth() / Ipv4{.options = Bytes(4)} / Tcp{}, kJudged);
  add("5", "ten words of options", Eth() / Ipv4{.options = Bytes(40, 1)} / Tcp{}, kJudged);
  add("5", "options that spell another port at offset 20",
      Eth() / Ipv4{.options = {0x9c, 0x40, 0, 22}} / Tcp{}, kJudged);
  add("5", "options that spell the protected port",
      Eth() / Ipv4{.options = {0x9c, 0x40, 0x19, 0x2b}} / Tcp{.dport = 22}, kOther);
  add("5", "IHL that hides the port in options", Eth() / Ipv4{.ihl = 6} / Tcp{.seq = 22}, kOther);
  add("5", "IHL 6 over plain TCP: ports are read 4 bytes on",
      Eth() / Ipv4{.ihl = 6} / Tcp{.dport = 22, .seq = 6443}, kJudged);
  add("6", "later fragment, TCP", Eth() / Ipv4{.offset = 1} / Tcp{}, kLater);
  add("6", "later fragment with more to come", Eth() / Ipv4{.mf = true, .offset = 1} / Tcp{},
      kLater);
  add("6", "the last possible offset", Eth() / Ipv4{.offset = 0x1fff} / Tcp{}, kLater);
  add("6", "an offset in the high bits", Eth() / Ipv4{.offset = 0x1000} / Tcp{}, kLater);
  add("6", "an offset of 256", Eth() / Ipv4{.offset = 0x0100} / Tcp{}, kLater);
  add("6", "later fragment of UDP", Eth() / Ipv4{.offset = 5} / Udp{}, kLater);
  add("6", "later fragment without a byte", Eth() / Ipv4{.offset = 5, .proto = 6}, kLater);
  add("6", "later fragment behind options", Eth() / Ipv4{.options = Bytes(4), .offset = 5} / Tcp{},
      kLater);
  add("7", "whole packet", plain, kJudged);
  add("7", "first piece", Eth() / Ipv4{.mf = true} / Tcp{}, kJudged);
  add("7", "first piece of 8 bytes", fragment(plain, 8)[0], kJudged);
  add("7", "don't fragment", Eth() / Ipv4{.df = true} / Tcp{}, kJudged);
  add("7", "the reserved bit", Eth() / Ipv4{.reserved = true} / Tcp{}, kJudged);
  add("7", "every fragment bit", Eth() / Ipv4{.reserved = true, .df = true, .mf = true} / Tcp{},
      kJudged);
  add("7", "first piece to another port", Eth() / Ipv4{.mf = true} / Tcp{.dport = 80}, kOther);
  add("7", "first piece of UDP", Eth() / Ipv4{.mf = true} / Udp{}, kOther);
  add("8", "no byte of TCP", plain, kShort, kIp4);
  add("8", "one byte of TCP", plain, kShort, kIp4 + 1);
  add("8", "three bytes of TCP", plain, kShort, kIp4 + 3);
  add("8", "four bytes of TCP are enough", plain, kJudged, kIp4 + 4);
  add("8", "three bytes, first piece", Eth() / Ipv4{.mf = true} / Tcp{}, kShort, kIp4 + 3);
  add("8", "three bytes of TCP to another port", Eth() / Ipv4{} / Tcp{.dport = 80}, kShort,
      kIp4 + 3);
  add("8", "three bytes behind options", options, kShort, kIp4 + 8 + 3);
  add("8", "four bytes behind options", options, kJudged, kIp4 + 8 + 4);
  add("8", "three bytes behind four tags", tags(4) / Ipv4{} / Tcp{}, kShort, kIp4 + 16 + 3);
  add("9", "tot_len 0", Eth() / Ipv4{.total_length = 0} / Tcp{}, kJudged);
  add("9", "tot_len that ends before TCP", Eth() / Ipv4{.total_length = 20} / Tcp{}, kJudged);
  add("9", "tot_len that ends inside the ports", Eth() / Ipv4{.total_length = 22} / Tcp{}, kJudged);
  add("9", "tot_len beyond the frame", Eth() / Ipv4{.total_length = 65535} / Tcp{}, kJudged);
  add("9", "first piece whose tot_len ends before TCP",
      Eth() / Ipv4{.total_length = 20, .mf = true} / Tcp{}, kJudged);
  add("9", "padding", Eth() / Ipv4{} / Tcp{} / Raw{Bytes(100)}, kJudged);
  add("9", "a wrong checksum", Eth() / Ipv4{.checksum = 1} / Tcp{.checksum = 1}, kJudged);
  add("10", "UDP", Eth() / Ipv4{} / Udp{}, kOther);
  add("10", "ICMP", Eth() / Ipv4{} / Icmp{}, kOther);
  add("10", "SCTP", Eth() / Ipv4{.proto = 132} / Tcp{}, kOther);
  add("10", "DCCP", Eth() / Ipv4{.proto = 33} / Tcp{}, kOther);
  add("10", "ESP", Eth() / Ipv4{} / Esp{}, kOther);
  add("10", "AH over IPv4 is not looked through", Eth() / Ipv4{} / Ah{} / Tcp{}, kOther);
  add("10", "IPIP", Eth() / Ipv4{} / Ipv4{} / Tcp{}, kOther);
  add("10", "IPv6 in IPv4", Eth() / Ipv4{} / Ipv6{} / Tcp{}, kOther);
  add("10", "GRE", Eth() / Ipv4{.proto = 47} / Raw{{0, 0, 8, 0}} / Ipv4{} / Tcp{}, kOther);
  add("10", "protocol 0", Eth() / Ipv4{.proto = 0} / Tcp{}, kOther);
  add("10", "protocol 44 is no fragment header here", Eth() / Ipv4{.proto = 44} / Tcp{}, kOther);
  add("10", "UDP without a byte", Eth() / Ipv4{.proto = 17}, kOther);
  return add.rows;
}

std::vector<Row> ipv6_rows() {
  const Packet plain = Eth() / Ipv6{} / Tcp{};
  // A header of 8 bytes as AH counts: its sequence number is read as the ports of TCP.
  const Ah tiny{.sequence = 0x9c40192b, .icv = {}, .length = 0, .next = 6};
  Table add;
  add("9", "payload length 0", Eth() / claims(0) / Tcp{}, kJudged);
  add("9", "payload length that ends inside the ports", Eth() / claims(3) / Tcp{}, kJudged);
  add("9", "payload length beyond the frame", Eth() / claims(65535) / Tcp{}, kJudged);
  add("9", "payload length 0 behind hop-by-hop", Eth() / claims(0) / HopByHop{} / Tcp{}, kJudged);
  add("10", "UDP", Eth() / Ipv6{} / Udp{}, kOther);
  add("10", "ICMPv6", Eth() / Ipv6{} / Icmp6{}, kOther);
  add("10", "neighbour solicitation", Eth() / Ipv6{} / Icmp6{.type = 135} / Raw{Bytes(16)}, kOther);
  add("10", "SCTP", Eth() / Ipv6{.next = 132} / Tcp{}, kOther);
  add("10", "UDP behind a chain", chain(3) / Udp{}, kOther);
  add("10", "UDP without a byte behind a chain", chain(2) / DstOpts{.next = 17}, kOther);
  add("11", "no IPv6 header behind the EtherType", plain, kMalformed, kEth);
  add("11", "one byte of an IPv6 header", plain, kMalformed, kEth + 1);
  add("11", "20 bytes of an IPv6 header", plain, kMalformed, kEth + 20);
  add("11", "39 bytes of an IPv6 header", plain, kMalformed, kIp6 - 1);
  add("11", "version 4 under the EtherType of IPv6", Eth() / Ipv6{.version = 4} / Tcp{},
      kMalformed);
  add("11", "version 7", Eth() / Ipv6{.version = 7} / Tcp{}, kMalformed);
  add("11", "an IPv4 packet under the EtherType of IPv6",
      Eth{.type = 0x86dd} / Ipv4{} / Tcp{} / Raw{Bytes(40)}, kMalformed);
  add("12", "no extension header", plain, kJudged);
  add("12", "flow label and traffic class",
      Eth() / Ipv6{.traffic_class = 255, .flow_label = 0xfffff} / Tcp{}, kJudged);
  add("12", "hop-by-hop", Eth() / Ipv6{} / HopByHop{} / Tcp{}, kJudged);
  add("12", "hop-by-hop of 24 bytes", Eth() / Ipv6{} / HopByHop{.options = Bytes(20)} / Tcp{},
      kJudged);
  add("12", "hop-by-hop that is not first", Eth() / Ipv6{} / DstOpts{} / HopByHop{} / Tcp{},
      kJudged);
  add("12", "destination options", Eth() / Ipv6{} / DstOpts{} / Tcp{}, kJudged);
  add("12", "destination options of 264 bytes",
      Eth() / Ipv6{} / DstOpts{.options = Bytes(260)} / Tcp{}, kJudged);
  add("12", "destination options of 2048 bytes",
      Eth() / Ipv6{} / DstOpts{.options = Bytes(2046)} / Tcp{}, kJudged);
  add("12", "routing header", Eth() / Ipv6{} / Routing{} / Tcp{}, kJudged);
  add("12", "routing header of 40 bytes",
      Eth() / Ipv6{} / Routing{.type = 4, .data = Bytes(36)} / Tcp{}, kJudged);
  add("12", "AH of 24 bytes", Eth() / Ipv6{} / Ah{} / Tcp{}, kJudged);
  add("12", "AH of 12 bytes", Eth() / Ipv6{} / Ah{.icv = {}} / Tcp{}, kJudged);
  add("12", "AH of 44 bytes", Eth() / Ipv6{} / Ah{.icv = Bytes(32)} / Tcp{}, kJudged);
  add("12", "AH that says 8 bytes", Eth() / Ipv6{} / tiny, kJudged);
  add("12", "AH of the greatest length", Eth() / Ipv6{} / Ah{.icv = Bytes(1016)} / Tcp{}, kJudged);
  add("12", "atomic fragment", Eth() / Ipv6{} / Frag{} / Tcp{}, kJudged);
  add("12", "one of each",
      Eth() / Ipv6{} / HopByHop{} / DstOpts{} / Routing{} / Frag{} / Ah{} / DstOpts{} / Tcp{},
      kJudged);
  add("12", "a chain to another port", Eth() / Ipv6{} / HopByHop{} / Ah{} / Tcp{.dport = 22},
      kOther);
  add("12", "options that look like TCP to another port",
      Eth() / Ipv6{} / DstOpts{.options = {0x9c, 0x40, 0, 22, 0, 0}} / Tcp{}, kJudged);
  add("12", "eight headers", chain(8) / Tcp{}, kJudged);
  add("12", "eight headers, one a fragment header", chain(7) / Frag{} / Tcp{}, kJudged);
  add("12", "eight headers, then UDP", chain(8) / Udp{}, kOther);
  add(
      "12", "eight headers behind four tags",
      [] {
        Packet packet = tags(4) / Ipv6{};
        for (int i = 0; i < 8; ++i) packet /= HopByHop{};
        return packet / Tcp{};
      }(),
      kJudged);
  add("13", "hop-by-hop and nothing behind the IPv6 header", Eth() / Ipv6{.next = 0}, kChain);
  add("13", "fragment header that does not arrive", Eth() / Ipv6{.next = 44}, kChain);
  add("13", "one byte of hop-by-hop", Eth() / Ipv6{} / HopByHop{} / Tcp{}, kChain, kIp6 + 1);
  add("13", "two bytes of hop-by-hop", Eth() / Ipv6{} / HopByHop{} / Tcp{}, kChain, kIp6 + 2);
  add("13", "seven bytes of hop-by-hop", Eth() / Ipv6{} / HopByHop{} / Tcp{}, kChain, kIp6 + 7);
  add("13", "hop-by-hop that is cut off, to UDP", Eth() / Ipv6{} / HopByHop{} / Udp{}, kChain,
      kIp6 + 7);
  add("13", "hop-by-hop that claims to reach beyond the frame",
      Eth() / Ipv6{} / HopByHop{.length = 255} / Tcp{}, kChain);
  add("13", "destination options that claim 8 bytes too many",
      Eth() / Ipv6{} / DstOpts{.length = 1} / Raw{Bytes(7)}, kChain);
  add("13", "seven bytes of a routing header", Eth() / Ipv6{} / Routing{} / Tcp{}, kChain,
      kIp6 + 7);
  add("13", "routing header that claims to reach beyond the frame",
      Eth() / Ipv6{} / Routing{.length = 200} / Tcp{}, kChain);
  add("13", "AH of which 23 bytes arrive", Eth() / Ipv6{} / Ah{} / Tcp{}, kChain, kIp6 + 23);
  add("13", "AH that claims to reach beyond the frame", Eth() / Ipv6{} / Ah{.length = 255} / Tcp{},
      kChain);
  add("13", "seven bytes of a fragment header", Eth() / Ipv6{} / Frag{} / Tcp{}, kChain, kIp6 + 7);
  add("13", "two bytes of a fragment header", Eth() / Ipv6{} / Frag{} / Tcp{}, kChain, kIp6 + 2);
  add("13", "seven bytes of a later fragment's header", Eth() / Ipv6{} / Frag{.offset = 9}, kChain,
      kIp6 + 7);
  add("13", "the eighth header is cut off", chain(8) / Tcp{}, kChain, kIp6 + 63);
  add("13", "the eighth of nine headers is cut off", chain(9) / Tcp{}, kChain, kIp6 + 63);
  add("13", "the eighth of nine headers claims to reach beyond the frame",
      chain(7) / DstOpts{.length = 255} / DstOpts{} / Tcp{}, kChain);
  add("13a", "no byte of TCP", plain, kShort, kIp6);
  add("13a", "one byte of TCP", plain, kShort, kIp6 + 1);
  add("13a", "three bytes of TCP", plain, kShort, kIp6 + 3);
  add("13a", "four bytes of TCP are enough", plain, kJudged, kIp6 + 4);
  add("13a", "three bytes to another port", Eth() / Ipv6{} / Tcp{.dport = 80}, kShort, kIp6 + 3);
  add("13a", "no byte behind hop-by-hop", Eth() / Ipv6{} / HopByHop{} / Tcp{}, kShort, kIp6 + 8);
  add("13a", "three bytes behind eight headers", chain(8) / Tcp{}, kShort, kIp6 + 64 + 3);
  add("13a", "four bytes behind eight headers", chain(8) / Tcp{}, kJudged, kIp6 + 64 + 4);
  add("13a", "three bytes behind an atomic fragment", Eth() / Ipv6{} / Frag{} / Tcp{}, kShort,
      kIp6 + 11);
  add("17", "ESP", Eth() / Ipv6{} / Esp{}, kOther);
  add("17", "ESP behind a chain", chain(2) / Esp{} / Raw{Bytes(20)}, kOther);
  add("17", "ESP of which nothing arrives", Eth() / Ipv6{.next = 50}, kOther);
  add("17", "no next header", Eth() / Ipv6{} / NoNext{}, kOther);
  add("17", "no next header in front of TCP", Eth() / Ipv6{} / NoNext{} / Tcp{}, kOther);
  add("17", "no next header behind a chain", chain(1) / NoNext{} / Tcp{}, kOther);
  add("17", "mobility header", Eth() / Ipv6{.next = 135} / Raw{{6, 0, 0, 0, 0, 0, 0, 0}} / Tcp{},
      kOther);
  add("17", "HIP", Eth() / Ipv6{.next = 139} / Raw{{6, 0, 0, 0, 0, 0, 0, 0}} / Tcp{}, kOther);
  add("17", "shim6", Eth() / Ipv6{.next = 140} / Raw{{6, 0, 0, 0, 0, 0, 0, 0}} / Tcp{}, kOther);
  add("17", "experimental", Eth() / Ipv6{.next = 253} / Raw{{6, 0, 0, 0, 0, 0, 0, 0}} / Tcp{},
      kOther);
  add("17", "IPv6 in IPv6", Eth() / Ipv6{} / Ipv6{} / Tcp{}, kOther);
  add("17", "IPv4 in IPv6", Eth() / Ipv6{} / Ipv4{} / Tcp{}, kOther);
  add("17", "Ethernet in IPv6", Eth() / Ipv6{} / Eth() / Ipv6{} / Tcp{}, kOther);
  return add.rows;
}

std::vector<Row> too_many_rows() {
  Packet front = Eth() / Ipv6{};
  for (int i = 0; i < 8; ++i) front /= HopByHop{};
  const Frag first{.more = true};
  Table add;
  add.drops("13b", "nine headers", chain(9) / Tcp{});
  add.drops("13b", "nine headers, to another port", chain(9) / Tcp{.dport = 22});
  add.drops("13b", "nine headers, then UDP", chain(9) / Udp{});
  add.drops("13b", "nine headers, then ESP", chain(9) / Esp{});
  add.drops("13b", "nine hop-by-hop headers", front / HopByHop{} / Tcp{});
  add.drops("13b", "nine headers, the last AH", chain(8) / Ah{} / Tcp{});
  add.drops("13b", "nine headers, the last a routing header", chain(8) / Routing{} / Tcp{});
  add.drops("13b", "nine headers, one a fragment header",
            chain(4) / Frag{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} / Tcp{});
  add.drops("13b", "nine headers, the last a fragment header", chain(8) / Frag{} / Tcp{});
  add.drops("13b", "nine headers, the last a first piece", chain(8) / first / Tcp{});
  add.drops("13b", "nine headers, the last a later fragment", chain(8) / Frag{.offset = 1} / Udp{});
  add.drops("13b", "the ninth is a second fragment header",
            chain(4) / Frag{} / DstOpts{} / DstOpts{} / DstOpts{} / Frag{} / Tcp{});
  add.drops("13b", "two fragment headers among nine",
            chain(2) / Frag{} / Frag{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} /
                Tcp{});
  add.drops("13b", "the ninth does not arrive", chain(9) / Tcp{}, kIp6 + 64);
  add.drops("13b", "the ninth is cut off", chain(9) / Tcp{}, kIp6 + 65);
  add.drops("13b", "the ninth claims to reach beyond the frame",
            chain(8) / DstOpts{.length = 255} / Tcp{});
  add.drops("13b", "a first piece with nine headers",
            chain(0) / first / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} /
                DstOpts{} / DstOpts{} / DstOpts{} / Tcp{});
  add.drops("13b", "nine headers behind four tags", [] {
    Packet packet = tags(4) / Ipv6{};
    for (int i = 0; i < 9; ++i) packet /= HopByHop{};
    return packet / Tcp{};
  }());
  add.drops("13b", "forty headers", chain(40) / Tcp{});
  add("15", "a first piece whose payload ends inside the eighth of nine headers",
      Eth() / claims(63) / first / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} /
          DstOpts{} / DstOpts{} / DstOpts{} / Tcp{},
      kChain);
  add("14", "later fragment as the eighth header, then another",
      chain(7) / Frag{.offset = 3} / DstOpts{} / Tcp{}, kLater);
  return add.rows;
}

// Destination options as bytes, for headers that another one does not announce.
Bytes options_bytes(std::uint8_t next, std::size_t size) {
  Bytes bytes(size);
  bytes[0] = next;
  bytes[1] = static_cast<std::uint8_t>(size / 8 - 1);
  return bytes;
}

Bytes many_options(int count) {
  Bytes bytes;
  for (int i = 1; i <= count; ++i) {
    const Bytes next = options_bytes(i < count ? 60 : 6, 8);
    bytes.insert(bytes.end(), next.begin(), next.end());
  }
  return bytes;
}

// Destination options of so many bytes, header and all.
DstOpts wide(std::size_t size) { return {.options = Bytes(size - 2)}; }

// IPv6 and headers, of which the last begins `begin` bytes behind the start of the IPv6 header.
Packet last_begins(std::size_t begin, const Packet& link = Eth()) {
  return link / Ipv6{} / wide(begin - 40) / DstOpts{};
}

std::vector<Row> far_fragment_rows() {
  const Frag first{.more = true};
  const Frag later{.offset = 1};
  Table add;
  add.drops("15c", "atomic, at 256", last_begins(256) / Frag{} / Tcp{});
  add.drops("15c", "atomic, at 264", last_begins(264) / Frag{} / Tcp{});
  add.drops("15c", "atomic, at 296", last_begins(296) / Frag{} / Tcp{});
  add.drops("15c", "atomic, at 504", last_begins(504) / Frag{} / Tcp{});
  add.drops("15c", "atomic, at 520, round once more", last_begins(520) / Frag{} / Tcp{});
  add.drops("15c", "first piece, at 256", last_begins(256) / first / Tcp{});
  add.drops("15c", "first piece, at 280", last_begins(280) / first / Tcp{});
  add.drops("15c", "to another port", last_begins(264) / Frag{} / Tcp{.dport = 22});
  add.drops("15c", "UDP", last_begins(264) / Frag{} / Udp{});
  add.drops("15c", "says no next header", last_begins(264) / Frag{.next = 59} / DstOpts{} / Tcp{});
  add.drops("15c", "reserved bits",
            last_begins(264) / Frag{.reserved = 255, .reserved2 = 3} / Tcp{});
  add.drops("15c", "AH in front, at 260",
            Eth() / Ipv6{} / wide(208) / Ah{.icv = {}} / DstOpts{} / Frag{} / Tcp{});
  add.drops("15c", "the last in front is AH, at 256",
            Eth() / Ipv6{} / wide(216) / Ah{} / Frag{} / Tcp{});
  add.drops("15c", "the last in front is a routing header",
            Eth() / Ipv6{} / wide(216) / Routing{} / Frag{} / Tcp{});
  add.drops("15c", "the last in front is hop-by-hop",
            Eth() / Ipv6{} / wide(216) / HopByHop{} / Frag{} / Tcp{});
  add.drops("15c", "hop-by-hop alone in front of the last",
            Eth() / Ipv6{} / HopByHop{.options = Bytes(214)} / DstOpts{} / Frag{} / Tcp{});
  add.drops("15c", "a routing header alone in front of the last",
            Eth() / Ipv6{} / Routing{.data = Bytes(212)} / DstOpts{} / Frag{} / Tcp{});
  add.drops("15c", "the eighth header", chain(5) / wide(176) / DstOpts{} / Frag{} / Tcp{});
  add.drops("15c", "the fragment header is the last that arrives",
            last_begins(256) / Frag{} / Tcp{}, kEth + 272);
  add.drops("15c", "behind four tags", last_begins(256, tags(4)) / Frag{} / Tcp{});
  add.drops("15c", "as a second fragment header",
            Eth() / Ipv6{} / Frag{} / wide(208) / DstOpts{} / Frag{} / Tcp{});
  add.drops("15c", "a second fragment header right behind one that begins at 256",
            Eth() / Ipv6{} / wide(216) / Frag{} / Frag{} / Tcp{});
  add("15", "at 248, first piece", last_begins(248) / first / Tcp{.sport = 0x8000}, kJudged);
  add("15a", "at 248, atomic", last_begins(248) / Frag{} / Tcp{.sport = 0x8000}, kJudged);
  add("15a", "at 248, atomic, to another port",
      last_begins(248) / Frag{} / Tcp{.sport = 0x8000, .dport = 22}, kOther);
  add("15a", "AH in front, at 252",
      Eth() / Ipv6{} / wide(200) / Ah{.icv = {}} / DstOpts{} / Frag{} / Tcp{.sport = 0x8000},
      kJudged);
  add("15a", "at 248 behind four tags: the frame does not count",
      last_begins(248, tags(4)) / Frag{} / Tcp{.sport = 0x8000}, kJudged);
  add("15a", "one long header in front, which begins at 40",
      Eth() / Ipv6{} / wide(600) / Frag{} / Tcp{.sport = 0x8000}, kJudged);
  add("15a", "right behind the IPv6 header, a long chain behind it",
      Eth() / Ipv6{} / Frag{} / wide(300) / DstOpts{} / Tcp{}, kJudged);
  add("12", "a long chain without a fragment header", last_begins(400) / Tcp{}, kJudged);
  add("14", "later fragment, at 256", last_begins(256) / later / Tcp{}, kLater);
  add("14", "later fragment with more to come, at 264",
      last_begins(264) / Frag{.offset = 9, .more = true} / Tcp{}, kLater);
  add("13", "a fragment header at 256 that does not arrive", last_begins(256) / Frag{} / Tcp{},
      kChain, kEth + 264);
  add("13", "a fragment header at 256 that is cut off", last_begins(256) / Frag{} / Tcp{}, kChain,
      kEth + 271);
  add("13", "the header in front at 256 is cut off", last_begins(256) / Frag{} / Tcp{}, kChain,
      kEth + 263);
  add("15", "a first piece that ends inside its fragment header",
      Eth() / claims(231) / wide(216) / DstOpts{} / first / Tcp{}, kChain);
  add("15b", "at 248, hidden by the second reading",
      last_begins(248) / Frag{.next = 17} / DstOpts{.options = Bytes(6)} / Tcp{}, kChain);
  add("15b", "a fragment header far behind in the second reading",
      Eth() / Ipv6{} / DstOpts{} / Frag{.next = 17} / Raw{options_bytes(44, 264)} / Frag{} / Tcp{},
      kChain);
  add("15b", "more than eight headers in the second reading",
      Eth() / Ipv6{} / DstOpts{} / Frag{.next = 17} / Raw{many_options(9)} / Tcp{}, kChain);
  add("16", "a second fragment header at 256 is a later fragment's",
      Eth() / Ipv6{} / Frag{} / wide(208) / DstOpts{} / later / Tcp{}, kChain);
  add("16", "a second fragment header at 256 is cut off",
      Eth() / Ipv6{} / Frag{} / wide(208) / DstOpts{} / Frag{} / Tcp{}, kChain, kEth + 271);
  add("16", "eight headers, two of them fragment headers",
      chain(2) / Frag{} / Frag{} / DstOpts{} / DstOpts{} / DstOpts{} / DstOpts{} / Tcp{}, kChain);
  return add.rows;
}

std::vector<Row> fragment_rows() {
  const Packet plain = Eth() / Ipv6{} / Tcp{} / Raw{Bytes(40)};
  const Frag first{.more = true};
  Table add;
  add("14", "later fragment", Eth() / Ipv6{} / Frag{.offset = 1} / Tcp{}, kLater);
  add("14", "later fragment with more to come",
      Eth() / Ipv6{} / Frag{.offset = 1, .more = true} / Tcp{}, kLater);
  add("14", "the last possible offset", Eth() / Ipv6{} / Frag{.offset = 0x1fff} / Tcp{}, kLater);
  add("14", "an offset of 32", Eth() / Ipv6{} / Frag{.offset = 32} / Tcp{}, kLater);
  add("14", "later fragment of UDP", Eth() / Ipv6{} / Frag{.offset = 3} / Udp{}, kLater);
  add("14", "later fragment without a byte", Eth() / Ipv6{} / Frag{.offset = 3, .next = 6}, kLater);
  add("14", "later fragment behind a chain", chain(7) / Frag{.offset = 3} / Tcp{}, kLater);
  add("14", "later fragment whose next header is a chain",
      Eth() / Ipv6{} / Frag{.offset = 3, .next = 0} / Raw{{6}}, kLater);
  add("14", "later fragment in front of a fragment header",
      Eth() / Ipv6{} / Frag{.offset = 3} / Frag{} / Tcp{}, kLater);
  add("14", "the payload length of a later fragment does not matter",
      Eth() / claims(0) / Frag{.offset = 1, .more = true} / Tcp{}, kLater);
  add("14", "second piece of a packet in pieces", fragment(plain, 24)[1], kLater);
  add("15", "first piece", Eth() / Ipv6{} / first / Tcp{}, kJudged);
  add("15", "first piece of a packet in pieces", fragment(plain, 24)[0], kJudged);
  add("15", "first piece of 8 bytes", fragment(plain, 8)[0], kJudged);
  add("15", "the reserved bits of a fragment header",
      Eth() / Ipv6{} / Frag{.more = true, .reserved = 255, .reserved2 = 3} / Tcp{}, kJudged);
  add("15", "first piece to another port", Eth() / Ipv6{} / first / Tcp{.dport = 22}, kOther);
  add("15", "payload length beyond the frame", Eth() / claims(65535) / first / Tcp{}, kJudged);
  add("15", "payload length that ends with the ports", Eth() / claims(12) / first / Tcp{}, kJudged);
  add("15", "payload length that ends inside the ports", Eth() / claims(11) / first / Tcp{},
      kChain);
  add("15", "payload length that ends inside the ports of another port",
      Eth() / claims(11) / first / Tcp{.dport = 22}, kChain);
  add("15", "payload length that ends behind the fragment header",
      Eth() / claims(8) / first / Tcp{}, kChain);
  add("15", "payload length that ends inside the fragment header",
      Eth() / claims(7) / first / Tcp{}, kChain);
  add("15", "payload length 0", Eth() / claims(0) / first / Tcp{}, kChain);
  add("15", "payload length 0, UDP", Eth() / claims(0) / first / Udp{}, kChain);
  add("15", "payload length that ends inside the fragment header, UDP",
      Eth() / claims(7) / first / Udp{}, kChain);
  add("15", "payload length that ends behind the fragment header, UDP",
      Eth() / claims(8) / first / Udp{}, kOther);
  add("15", "payload length that ends inside the chain",
      Eth() / claims(15) / first / DstOpts{} / Tcp{}, kChain);
  add("15", "payload length that ends behind the chain",
      Eth() / claims(16) / first / DstOpts{} / Tcp{}, kChain);
  add("15", "payload length that ends inside the ports behind the chain",
      Eth() / claims(19) / first / DstOpts{} / Tcp{}, kChain);
  add("15", "payload length that ends with the ports behind the chain",
      Eth() / claims(20) / first / DstOpts{} / Tcp{}, kJudged);
  add("15", "payload length that ends inside the chain, UDP",
      Eth() / claims(15) / first / DstOpts{} / Udp{}, kChain);
  add("15", "payload length that ends with the chain, UDP",
      Eth() / claims(16) / first / DstOpts{} / Udp{}, kOther);
  add("15", "payload length that ends inside the chain, ESP",
      Eth() / claims(15) / first / DstOpts{} / Esp{}, kChain);
  add("15", "payload length that ends inside the chain, no next header",
      Eth() / claims(15) / first / DstOpts{} / NoNext{}, kChain);
  add("15", "a chain in front of the fragment header counts",
      Eth() / claims(20) / HopByHop{} / first / Tcp{}, kJudged);
  add("15", "a chain in front of the fragment header counts, one byte short",
      Eth() / claims(19) / HopByHop{} / first / Tcp{}, kChain);
  add("15", "a chain in front that alone is longer than the payload",
      Eth() / claims(4) / HopByHop{} / first / Udp{}, kChain);
  add("15", "AH behind the first piece", Eth() / claims(8 + 24 + 4) / first / Ah{} / Tcp{},
      kJudged);
  add("15", "AH behind the first piece, one byte short",
      Eth() / claims(8 + 24 + 3) / first / Ah{} / Tcp{}, kChain);
  add("15", "the ports are beyond the payload and beyond the frame",
      Eth() / claims(11) / first / Tcp{}, kChain, kIp6 + 8 + 2);
  add("15", "the ports are beyond the frame only", Eth() / claims(12) / first / Tcp{}, kShort,
      kIp6 + 8 + 2);
  add("15", "a header beyond the frame only", Eth() / Ipv6{} / first / DstOpts{} / Tcp{}, kChain,
      kIp6 + 8 + 7);
  add("15", "a decoy behind the payload hides the real chain",
      Eth() / claims(16) / first / DstOpts{.options = Bytes(12), .length = 1} / Tcp{.dport = 22},
      kChain);
  add("15", "tags do not count toward the payload", tags(3) / claims(12) / first / Tcp{}, kJudged);
  add("15", "tags do not count toward the payload, one byte short",
      tags(3) / claims(11) / first / Tcp{}, kChain);
  add("15a", "atomic fragment", Eth() / Ipv6{} / Frag{} / Tcp{}, kJudged);
  add("15a", "atomic fragment with payload length 0", Eth() / claims(0) / Frag{} / Tcp{}, kJudged);
  add("15a", "atomic fragment whose payload ends inside the ports",
      Eth() / claims(11) / Frag{} / Tcp{}, kJudged);
  add("15a", "atomic fragment whose payload ends inside the chain",
      Eth() / claims(15) / Frag{} / DstOpts{} / Udp{}, kOther);
  add("15a", "atomic fragment with reserved bits",
      Eth() / claims(0) / Frag{.reserved = 255, .reserved2 = 3} / Tcp{}, kJudged);
  // What follows the fragment header is told apart from what it is: TCP behind destination options.
  const auto hidden = [&](Packet before, const Frag& header) {
    return before / header / DstOpts{.options = Bytes(6)} / Tcp{} / Raw{Bytes(8)};
  };
  const Frag as_udp{.next = 17};
  const Frag first_as_udp{.more = true, .next = 17};
  add("15b", "UDP behind destination options", hidden(Eth() / Ipv6{} / DstOpts{}, as_udp), kChain);
  add("15b", "the same in a first piece", hidden(Eth() / Ipv6{} / DstOpts{}, first_as_udp), kChain);
  add("15b", "UDP behind a routing header", hidden(Eth() / Ipv6{} / Routing{}, as_udp), kChain);
  add("15b", "UDP behind hop-by-hop and destination options",
      hidden(Eth() / Ipv6{} / HopByHop{} / DstOpts{}, as_udp), kChain);
  add("15b", "UDP behind destination options and a routing header",
      hidden(Eth() / Ipv6{} / DstOpts{} / Routing{}, first_as_udp), kChain);
  add("15b", "AH in front changes nothing", hidden(Eth() / Ipv6{} / Ah{} / DstOpts{}, as_udp),
      kChain);
  add("15b", "no next header behind destination options",
      hidden(Eth() / Ipv6{} / DstOpts{}, Frag{.next = 59}), kChain);
  add("15b", "hop-by-hop alone is read once", hidden(Eth() / Ipv6{} / HopByHop{}, as_udp), kOther);
  add("15b", "a fragment header alone is read once", hidden(Eth() / Ipv6{}, as_udp), kOther);
  add("15b", "UDP that is UDP", Eth() / Ipv6{} / DstOpts{} / Frag{} / Udp{.sport = 40000}, kOther);
  add("15b", "both readings come to the same TCP",
      hidden(Eth() / Ipv6{} / DstOpts{}, Frag{.next = 60}), kJudged);
  add("15b", "the same in a first piece, another port",
      Eth() / Ipv6{} / DstOpts{} / first / DstOpts{} / Tcp{.dport = 22}, kOther);
  add("15b", "a whole packet whose second reading runs out of the frame",
      Eth() / Ipv6{} / DstOpts{} / as_udp / Raw{{6, 200, 0, 0, 0, 0, 0, 0}} / Tcp{}, kOther);
  add("15b", "a first piece whose second reading runs out of the frame",
      Eth() / Ipv6{} / DstOpts{} / first_as_udp / Raw{{6, 200, 0, 0, 0, 0, 0, 0}} / Tcp{}, kChain);
  add("15b", "a first piece whose second reading runs out of it, but not to TCP",
      Eth() / Ipv6{} / DstOpts{} / first / Tcp{.sport = 0x71dc, .dport = 22}, kOther);
  add("15b", "a decoy behind the payload does not end the second reading",
      Eth() / claims(24) / DstOpts{} / first_as_udp / Raw{{60, 0, 1, 4, 0, 0, 0, 0}} / NoNext{} /
          Raw{{59, 0, 1, 4, 0, 0, 0, 0}},
      kChain);
  add("15b", "a fragment header in the second reading",
      Eth() / Ipv6{} / DstOpts{} / as_udp / Raw{{44, 0, 0, 0, 0, 0, 0, 0}} / Frag{} / Tcp{},
      kChain);
  add("15b", "a later piece behind destination options",
      hidden(Eth() / Ipv6{} / DstOpts{}, Frag{.offset = 3, .next = 17}), kLater);
  add("16", "two atomic fragment headers", Eth() / Ipv6{} / Frag{} / Frag{} / Tcp{}, kChain);
  add("16", "two first pieces", Eth() / Ipv6{} / first / first / Tcp{}, kChain);
  add("16", "the second is a later fragment", Eth() / Ipv6{} / Frag{} / Frag{.offset = 1} / Tcp{},
      kChain);
  add("16", "the second is a later fragment of UDP",
      Eth() / Ipv6{} / Frag{} / Frag{.offset = 1} / Udp{}, kChain);
  add("16", "with a header between", Eth() / Ipv6{} / Frag{} / DstOpts{} / Frag{} / Tcp{}, kChain);
  add("16", "the second does not arrive", Eth() / Ipv6{} / Frag{} / Frag{} / Tcp{}, kChain,
      kIp6 + 8);
  add("16", "the second is cut off", Eth() / Ipv6{} / Frag{} / Frag{.offset = 1} / Tcp{}, kChain,
      kIp6 + 12);
  add("16", "in front of UDP", Eth() / Ipv6{} / Frag{} / Frag{} / Udp{}, kChain);
  return add.rows;
}

std::vector<Row> endpoint_rows() {
  const Ipv4 elsewhere4{.dst = "198.51.100.2"};
  const Ipv6 elsewhere6{.dst = "2001:db8:1::2"};
  const Tcp https{.dport = 443};
  Table add;
  add("18", "SSH", Eth() / Ipv4{} / Tcp{.dport = 22}, kOther);
  add("18", "SSH over IPv6", Eth() / Ipv6{} / Tcp{.dport = 22}, kOther);
  add("18", "the port below", Eth() / Ipv4{} / Tcp{.dport = 6442}, kOther);
  add("18", "the port above", Eth() / Ipv6{} / Tcp{.dport = 6444}, kOther);
  add("18", "the port turned round", Eth() / Ipv4{} / Tcp{.dport = 0x2b19}, kOther);
  add("18", "port 0", Eth() / Ipv4{} / Tcp{.dport = 0}, kOther);
  add("18", "a reply from an API server elsewhere",
      Eth() / Ipv4{} / Tcp{.sport = 6443, .dport = 40000}, kOther);
  add("18", "a reply over IPv6", Eth() / Ipv6{} / Tcp{.sport = 6443, .dport = 40000, .flags = 0x12},
      kOther);
  add("18", "both ports protected", Eth() / Ipv4{} / Tcp{.sport = 6443}, kJudged);
  add("18", "a bound endpoint", Eth() / Ipv4{} / https, kJudged);
  add("18", "a bound endpoint, IPv6", Eth() / Ipv6{} / https, kJudged);
  add("18", "another address than the bound one", Eth() / elsewhere4 / https, kOther);
  add("18", "another address than the bound one, IPv6", Eth() / elsewhere6 / https, kOther);
  add("18", "another last byte", Eth() / Ipv6{.dst = "2001:db8:1::1:1"} / https, kOther);
  add("18", "the IPv4 address in an IPv6 one", Eth() / Ipv6{.dst = "c633:6401::"} / https, kOther);
  add("18", "the port of every address elsewhere", Eth() / elsewhere4 / Tcp{}, kJudged);
  add("18", "the port of every address elsewhere, IPv6", Eth() / elsewhere6 / Tcp{}, kJudged);
  add("18", "options: the port alone decides",
      Eth() / Ipv4{.dst = "198.51.100.2", .options = Bytes(4)} / https, kJudged);
  add("18", "options of no-operations",
      Eth() / Ipv4{.dst = "198.51.100.2", .options = Bytes(40, 1)} / https, kJudged);
  add("18", "options and another port",
      Eth() / Ipv4{.dst = "198.51.100.2", .options = Bytes(4)} / Tcp{.dport = 444}, kOther);
  add("18", "routing header: the port alone decides", Eth() / elsewhere6 / Routing{} / https,
      kJudged);
  add("18", "routing header with segments left",
      Eth() / elsewhere6 / Routing{.type = 4, .segments_left = 1, .data = Bytes(20)} / https,
      kJudged);
  add("18", "routing header early in the chain",
      Eth() / elsewhere6 / Routing{} / DstOpts{} / Ah{} / DstOpts{} / https, kJudged);
  add("18", "routing header late in the chain",
      Eth() / elsewhere6 / HopByHop{} / DstOpts{} / Frag{} / Routing{} / https, kJudged);
  add("18", "routing header and another port", Eth() / elsewhere6 / Routing{} / Tcp{.dport = 22},
      kOther);
  add("18", "a chain without a routing header",
      Eth() / elsewhere6 / HopByHop{} / DstOpts{} / Ah{} / Frag{} / https, kOther);
  add("18", "first piece to another address",
      Eth() / Ipv4{.dst = "198.51.100.2", .mf = true} / https, kOther);
  add("18", "cut off: neither port nor address is looked at", Eth() / elsewhere4 / Tcp{.dport = 22},
      kShort, kIp4 + 3);
  add("18", "cut off, IPv6: neither port nor address is looked at",
      Eth() / elsewhere6 / Tcp{.dport = 22}, kShort, kIp6 + 3);
  add("19", "ACK", Eth() / Ipv4{} / Tcp{.flags = 0x10}, kJudged);
  add("19", "RST", Eth() / Ipv4{} / Tcp{.flags = 0x04}, kJudged);
  add("19", "FIN", Eth() / Ipv6{} / Tcp{.flags = 0x01}, kJudged);
  add("19", "SYN+ACK", Eth() / Ipv6{} / Tcp{.flags = 0x12}, kJudged);
  add("19", "no flag", Eth() / Ipv4{} / Tcp{.flags = 0}, kJudged);
  add("19", "every flag", Eth() / Ipv6{} / Tcp{.flags = 0xff}, kJudged);
  add("19", "data offset 0", Eth() / Ipv4{} / Tcp{.data_offset = 0}, kJudged);
  add("19", "SYN with data", Eth() / Ipv4{} / Tcp{} / Raw{Bytes(1000)}, kJudged);
  add("19", "source port 0", Eth() / Ipv4{} / Tcp{.sport = 0}, kJudged);
  add("19", "broadcast MAC", Eth{.dst = {255, 255, 255, 255, 255, 255}} / Ipv4{} / Tcp{}, kJudged);
  add("19", "multicast MAC", Eth{.dst = {0x33, 0x33, 0, 0, 0, 1}} / Ipv6{} / Tcp{}, kJudged);
  add("19", "MAC of zeros", Eth{.dst = {}, .src = {}} / Ipv4{} / Tcp{}, kJudged);
  add("19", "to loopback", Eth() / Ipv4{.dst = "127.0.0.1"} / Tcp{}, kJudged);
  add("19", "to broadcast", Eth() / Ipv4{.dst = "255.255.255.255"} / Tcp{}, kJudged);
  add("19", "to multicast", Eth() / Ipv4{.dst = "224.0.0.1"} / Tcp{}, kJudged);
  add("19", "to address zero", Eth() / Ipv4{.dst = "0.0.0.0"} / Tcp{}, kJudged);
  add("19", "to ::1", Eth() / Ipv6{.dst = "::1"} / Tcp{}, kJudged);
  add("19", "to link-local", Eth() / Ipv6{.dst = "fe80::1"} / Tcp{}, kJudged);
  add("19", "to multicast, IPv6", Eth() / Ipv6{.dst = "ff02::1"} / Tcp{}, kJudged);
  return add.rows;
}

std::vector<Row> rows() {
  std::vector<Row> all;
  for (auto part : {link_rows, ipv4_rows, ipv6_rows, too_many_rows, fragment_rows,
                    far_fragment_rows, endpoint_rows}) {
    auto more = part();
    all.insert(all.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  return all;
}

Policy table_policy(Mode mode) {
  Policy policy;
  policy.mode = mode;
  policy.interfaces = {"eth0"};
  policy.endpoints = {endpoint(6443), endpoint("198.51.100.1", 443),
                      endpoint("2001:db8:1::1", 443)};
  policy.ranges = {allow("192.0.2.0/24"),
                   except("192.0.2.128/25"),
                   allow("203.0.113.0/24", kNow - 1h),
                   allow("2001:db8:a::/48"),
                   except("2001:db8:a:8000::/49"),
                   allow("2001:db8:e::/48", kNow - 1h)};
  return policy;
}

Bytes frame_of(const Row& row, Source source) {
  static const std::array<Ip4, 4> k4{"192.0.2.7", "192.0.2.200", "203.0.113.9", "198.51.100.99"};
  static const std::array<Ip6, 4> k6{"2001:db8:a::7", "2001:db8:a:8000::7", "2001:db8:e::9",
                                     "2001:db8:f::9"};
  const auto i = static_cast<std::size_t>(source);
  const Bytes frame = with_source(row.packet, k4.at(i), k6.at(i));
  return row.cut == kWhole ? frame : cut(frame, row.cut);
}

Verdict expected(const Row& row, Source source, Mode mode) {
  static constexpr std::array kList{APIGUARD_LISTED, APIGUARD_EXCEPTED, APIGUARD_EXPIRED,
                                    APIGUARD_UNLISTED};
  if (mode == Mode::kOff) return {APIGUARD_PASS, APIGUARD_OFF};
  const auto dropped = mode == Mode::kAudit ? APIGUARD_WOULD_DROP : APIGUARD_DROP;
  if (row.drops_all) return {dropped, row.reason};
  const bool told = row.reason != kShort && row.reason != kChain;
  if (told && row.reason != kJudged) return {APIGUARD_PASS, row.reason};
  if (source == Source::kListed) return {APIGUARD_PASS, APIGUARD_LISTED};
  return {dropped, told ? kList.at(static_cast<std::size_t>(source)) : row.reason};
}

std::string describe(const Row& row, Source source, Mode mode) {
  static constexpr std::array kNames{"listed", "excepted", "expired", "unlisted"};
  return "row " + row.row + ": " + row.what + "; source " +
         kNames.at(static_cast<std::size_t>(source)) + "; " + std::string(to_string(mode)) + "; " +
         hex(frame_of(row, source));
}

Prefix prefix(std::string_view text) { return parsed(parse_prefix(text), text).prefix; }
Address address(std::string_view text) { return parsed(parse_address(text), text); }

Range allow(std::string_view cidr, std::optional<Timestamp> until) {
  return range(cidr, Kind::kAllow, until);
}

Range except(std::string_view cidr, std::optional<Timestamp> until) {
  return range(cidr, Kind::kExcept, until);
}

Range cluster(std::string_view cidr) { return range(cidr, Kind::kCluster, std::nullopt); }

Endpoint endpoint(std::uint16_t port) { return {.address = std::nullopt, .port = port}; }

Endpoint endpoint(std::string_view text, std::uint16_t port) {
  return {.address = address(text), .port = port};
}

std::string dump(const Policy& policy) {
  std::string text = "mode " + std::string(to_string(policy.mode)) + "\n";
  for (const Endpoint& each : policy.endpoints) text += "endpoint " + to_string(each) + "\n";
  for (const Range& each : policy.ranges) {
    text += std::string(to_string(each.kind)) + " " + to_string(each.prefix);
    if (each.until) text += " until=now" + std::to_string((*each.until - kNow) / 1s) + "s";
    text += "\n";
  }
  return text;
}

}  // namespace apiguard::test
