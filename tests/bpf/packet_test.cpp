// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The packet builder against bytes written out by hand. Needs no privilege.
#include "tests/support/packet.hpp"

#include "tests/support/catch.hpp"

using namespace apiguard::test;

namespace {

constexpr std::size_t kEth = 14;

std::string bytes_of(const Packet& packet) { return hex(packet.bytes()); }

Bytes behind(const Bytes& frame, std::size_t start) {
  return Bytes(frame.begin() + static_cast<std::ptrdiff_t>(start), frame.end());
}

// A sum over bytes that hold their own checksum is zero.
std::uint16_t tcp_sum(const Bytes& addresses, const Bytes& segment) {
  Bytes summed = addresses;
  summed.insert(summed.end(), {0, 6, static_cast<std::uint8_t>(segment.size() >> 8),
                               static_cast<std::uint8_t>(segment.size())});
  summed.insert(summed.end(), segment.begin(), segment.end());
  return internet_checksum(summed);
}

Bytes slice(const Bytes& frame, std::size_t start, std::size_t size) {
  return cut(behind(frame, start), size);
}

}  // namespace

TEST_CASE("the checksum of RFC 1071's example is that of the RFC") {
  CHECK(internet_checksum(from_hex("0001 f203 f4f5 f6f7")) == 0x220d);
  CHECK(internet_checksum(from_hex("4500003044224000800600008c7c19acae241e2b")) == 0x442e);
}

TEST_CASE("an IPv4 SYN is the frame one writes by hand") {
  const Bytes frame =
      Eth() / Ipv4{.src = "192.0.2.7", .dst = "198.51.100.1"} / Tcp{.sport = 40000, .dport = 6443};
  CHECK(hex(cut(frame, 34 + 16)) ==
        "020000000001020000000002"
        "0800"
        "45000028123400004006"
        "7c60"
        "c0000207"
        "c6336401"
        "9c40192b"
        "00000001"
        "00000000"
        "5002faf0");
  CHECK(internet_checksum(slice(frame, kEth, 20)) == 0);
  CHECK(tcp_sum(slice(frame, kEth + 12, 8), behind(frame, kEth + 20)) == 0);
}

TEST_CASE("an IPv6 SYN is the frame one writes by hand") {
  const Bytes frame = Eth() / Ipv6{} / Tcp{.options = {2, 4, 5, 0xb4}};
  CHECK(hex(cut(frame, kEth + 40)) ==
        "020000000001020000000002"
        "86dd"
        "60000000"
        "0018"
        "06"
        "40"
        "20010db8000a00000000000000000007"
        "20010db8000100000000000000000001");
  CHECK(frame[kEth + 40 + 12] == 0x60);
  CHECK(tcp_sum(slice(frame, kEth + 8, 32), behind(frame, kEth + 40)) == 0);
}

TEST_CASE("tags say what follows and the header in front says what tag it is") {
  CHECK(bytes_of(Eth() / Vlan{.vid = 7, .pcp = 5, .tpid = 0x88a8} / Vlan{.vid = 4095} / Raw{}) ==
        "02000000000102000000000288a8"
        "a0078100"
        "0fff88b5");
  CHECK(bytes_of(Eth() / Vlan{.type = 0x1234}) ==
        "0200000000010200000000028100"
        "00001234");
}

TEST_CASE("an 802.3 frame carries its length in place of the EtherType") {
  CHECK(bytes_of(Eth() / Llc{} / Raw{{1, 2}}) ==
        "020000000001020000000002"
        "000a"
        "aaaa03000000"
        "88b5"
        "0102");
  CHECK(bytes_of(Eth() / Llc{.dsap = 0x42, .ssap = 0x42}) ==
        "020000000001020000000002"
        "0003"
        "424203");
}

TEST_CASE("ARP is 28 bytes") {
  CHECK(bytes_of(Eth() / Arp{}) ==
        "020000000001020000000002"
        "0806"
        "0001080006040001"
        "020000000002"
        "c0000207"
        "000000000000"
        "c6336401");
}

TEST_CASE("every field of an IPv4 header can lie") {
  const Bytes frame = Eth() / Ipv4{.version = 5,
                                   .ihl = 15,
                                   .options = {1, 1, 1},
                                   .tos = 9,
                                   .total_length = 7,
                                   .id = 0xabcd,
                                   .reserved = true,
                                   .df = true,
                                   .mf = true,
                                   .offset = 0x1fff,
                                   .ttl = 1,
                                   .proto = 99,
                                   .checksum = 0xbeef};
  CHECK(hex(behind(frame, kEth)) == "5f090007abcdffff0163beefc0000207c633640101010100");
}

TEST_CASE("options lengthen the IPv4 header in words") {
  const Bytes frame = Eth() / Ipv4{.options = Bytes(5, 1)} / Tcp{};
  CHECK(frame[kEth] == 0x47);
  CHECK(frame[kEth + 3] == 48);
  CHECK(internet_checksum(slice(frame, kEth, 28)) == 0);
}

TEST_CASE("every field of an IPv6 header can lie") {
  const Bytes frame = Eth() / Ipv6{.version = 15,
                                   .traffic_class = 0xab,
                                   .flow_label = 0x12345,
                                   .payload_length = 3,
                                   .hop_limit = 1,
                                   .next = 200};
  CHECK(hex(cut(behind(frame, kEth), 8)) ==
        "fab12345"
        "0003"
        "c8"
        "01");
}

TEST_CASE("extension headers name each other and count in their own units") {
  const Bytes frame = Eth() / Ipv6{} / HopByHop{} / Routing{.segments_left = 1, .data = Bytes(5)} /
                      DstOpts{.options = Bytes(7)} / Ah{.icv = Bytes(4)} /
                      Frag{.offset = 3, .more = true} / NoNext{};
  CHECK(frame[kEth + 6] == 0);
  CHECK(hex(behind(frame, kEth + 40)) ==
        "2b00"
        "010400000000"  // hop-by-hop: PadN
        "3c01"
        "0201"
        "000000000000000000000000"  // routing: 16 bytes
        "3301"
        "00000000000000"
        "01050000000000"  // destination options: Pad1 and PadN
        "2c02"
        "0000"
        "00000100"
        "00000001"
        "00000000"  // AH: 16 bytes
        "3b00"
        "0019"
        "12345678");  // fragment, then nothing
}

TEST_CASE("an extension header's length and next header can lie") {
  CHECK(hex(behind(Ipv6{} / HopByHop{.length = 255, .next = 6}, 40)) ==
        "06ff"
        "010400000000");
  CHECK(hex(behind(Ipv6{} / Ah{.icv = {}, .length = 0, .next = 17}, 40)) ==
        "11000000"
        "00000100"
        "00000001");
  CHECK(hex(behind(Ipv6{} / Frag{.reserved = 0xff, .reserved2 = 3, .next = 0}, 40)) ==
        "00ff0006"
        "12345678");
}

TEST_CASE("transport checksums reach over what follows and can be given") {
  const Bytes udp = Ipv4{} / Udp{} / Raw{{1, 2, 3}};
  CHECK(udp[20 + 5] == 11);
  CHECK(udp[20 + 6] != 0);
  CHECK(hex(behind(Ipv4{} / Tcp{.checksum = 0x1234}, 20 + 16)) == "12340000");
  const Bytes ping = Ipv4{} / Icmp{} / Raw{{1, 2, 3}};
  CHECK(internet_checksum(behind(ping, 20)) == 0);
}

TEST_CASE("fragments put together again are the packet") {
  const Packet whole = Eth() / Vlan{} / Ipv4{.options = {1, 1, 1, 1}} / Tcp{} / Raw{Bytes(30, 7)};
  const auto pieces = fragment(whole, 16);
  REQUIRE(pieces.size() == 4);
  Bytes together;
  for (const Packet& piece : pieces) {
    const Bytes rest = behind(piece, 18 + 24);
    together.insert(together.end(), rest.begin(), rest.end());
  }
  CHECK(hex(together) == hex(behind(whole, 18 + 24)));
  CHECK(hex(slice(pieces[1], 18 + 6, 2)) == "2002");
  CHECK(hex(slice(pieces[3], 18 + 6, 2)) == "0006");
}

TEST_CASE("IPv6 fragments keep the headers they are told to keep in front") {
  const Packet whole = Eth() / Ipv6{} / HopByHop{} / DstOpts{} / Tcp{};
  const auto pieces = fragment(whole, 8, 1);
  REQUIRE(pieces.size() == 4);
  CHECK(hex(slice(pieces[0], kEth + 40, 16)) ==
        "2c00010400000000"
        "3c00000112345678");
  CHECK(hex(slice(pieces[3], kEth + 48, 8)) == "3c00001812345678");
  CHECK(hex(behind(pieces[1], kEth + 56)) == hex(slice(whole, kEth + 56, 8)));
}

TEST_CASE("a packet from another source is the same packet with right checksums") {
  const Packet packet = Eth() / Ipv6{} / Tcp{} / Raw{{1}};
  CHECK(bytes_of(with_source(packet, "203.0.113.1", "2001:db8::9")) ==
        bytes_of(Eth() / Ipv6{.src = "2001:db8::9"} / Tcp{} / Raw{{1}}));
}

TEST_CASE("cut and pad change the length only") {
  CHECK(hex(cut({1, 2, 3}, 2)) == "0102");
  CHECK(hex(cut({1, 2, 3}, 9)) == "010203");
  CHECK(hex(pad({1, 2, 3}, 5)) == "0102030000");
  CHECK(hex(pad({1, 2, 3}, 2)) == "010203");
}
