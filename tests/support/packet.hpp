// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Frames as they are spoken: Eth() / Vlan{.vid = 7} / Ipv4{.src = "192.0.2.7"} / Tcp{.dport =
// 6443}.
//
// What a header says about the next one (EtherType, protocol, lengths, checksums) is filled in
// unless it is given, so a correct frame is short to write and a lying one differs in exactly one
// named member. All numbers are in host byte order; the builder turns them round.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "loader/policy/prefix.hpp"

namespace apiguard::test {

using Bytes = std::vector<std::uint8_t>;
using Mac = std::array<std::uint8_t, 6>;

// Addresses in network byte order, written as text. Text that is no address ends the test binary.
struct Ip4 {
  std::array<std::uint8_t, 4> bytes{};

  Ip4(const char* text);               // NOLINT: "192.0.2.7" is meant to convert
  Ip4(const apiguard::Address& from);  // NOLINT
};

struct Ip6 {
  std::array<std::uint8_t, 16> bytes{};

  Ip6(const char* text);               // NOLINT
  Ip6(const apiguard::Address& from);  // NOLINT
};

struct Eth {
  Mac dst{0x02, 0, 0, 0, 0, 0x01};
  Mac src{0x02, 0, 0, 0, 0, 0x02};
  std::optional<std::uint16_t> type{};
};

struct Vlan {
  std::uint16_t vid = 0;
  std::uint8_t pcp = 0;
  std::uint16_t tpid = 0x8100;  // or 0x88a8; told to the header in front
  std::optional<std::uint16_t> type{};
};

// 802.3: the EtherType in front of it becomes the length of what follows.
struct Llc {
  std::uint8_t dsap = 0xaa;
  std::uint8_t ssap = 0xaa;
  std::uint8_t control = 3;
  std::array<std::uint8_t, 3> oui{};  // SNAP, with dsap 0xaa only
  std::optional<std::uint16_t> snap_type{};
};

struct Arp {
  std::uint16_t operation = 1;
  Mac sender_mac{0x02, 0, 0, 0, 0, 0x02};
  Ip4 sender = "192.0.2.7";
  Mac target_mac{};
  Ip4 target = "198.51.100.1";
};

struct Ipv4 {
  Ip4 src = "192.0.2.7";
  Ip4 dst = "198.51.100.1";
  std::uint8_t version = 4;
  std::optional<std::uint8_t> ihl{};  // 32-bit words, 0..15
  Bytes options{};                    // padded with zeros to whole words
  std::uint8_t tos = 0;
  std::optional<std::uint16_t> total_length{};
  std::uint16_t id = 0x1234;
  bool reserved = false;
  bool df = false;
  bool mf = false;
  std::uint16_t offset = 0;  // of a fragment, units of 8 bytes
  std::uint8_t ttl = 64;
  std::optional<std::uint8_t> proto{};
  std::optional<std::uint16_t> checksum{};
};

struct Ipv6 {
  Ip6 src = "2001:db8:a::7";
  Ip6 dst = "2001:db8:1::1";
  std::uint8_t version = 6;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;
  std::optional<std::uint16_t> payload_length{};
  std::uint8_t hop_limit = 64;
  std::optional<std::uint8_t> next{};
};

// Options are padded with Pad1/PadN to units of 8 bytes. `length` is the length field as it stands
// in the header (units of 8 bytes, without the first), not the number of bytes written.
struct HopByHop {
  Bytes options{};
  std::optional<std::uint8_t> length{};
  std::optional<std::uint8_t> next{};
};

struct DstOpts {
  Bytes options{};
  std::optional<std::uint8_t> length{};
  std::optional<std::uint8_t> next{};
};

struct Routing {
  std::uint8_t type = 2;
  std::uint8_t segments_left = 0;
  Bytes data{};  // behind the first four bytes; padded with zeros to units of 8
  std::optional<std::uint8_t> length{};
  std::optional<std::uint8_t> next{};
};

// `length` in units of 4 bytes minus 2 (RFC 4302 section 2.2).
struct Ah {
  std::uint32_t spi = 0x100;
  std::uint32_t sequence = 1;
  Bytes icv = Bytes(12);  // padded with zeros to units of 4
  std::optional<std::uint8_t> length{};
  std::optional<std::uint8_t> next{};
};

struct Frag {
  std::uint16_t offset = 0;  // units of 8 bytes
  bool more = false;
  std::uint32_t id = 0x12345678;
  std::uint8_t reserved = 0;   // the byte behind next header
  std::uint8_t reserved2 = 0;  // the two bits in front of M
  std::optional<std::uint8_t> next{};
};

struct Esp {
  std::uint32_t spi = 0x100;
  std::uint32_t sequence = 1;
};

struct NoNext {};  // no bytes; next header 59

struct Tcp {
  std::uint16_t sport = 40000;
  std::uint16_t dport = 6443;
  std::uint32_t seq = 1;
  std::uint32_t ack = 0;
  std::optional<std::uint8_t> data_offset{};  // 32-bit words
  std::uint8_t flags = 0x02;                  // SYN
  std::uint16_t window = 64240;
  std::uint16_t urgent = 0;
  Bytes options{};  // padded with zeros to whole words
  std::optional<std::uint16_t> checksum{};
};

struct Udp {
  std::uint16_t sport = 40000;
  std::uint16_t dport = 6443;
  std::optional<std::uint16_t> length{};
  std::optional<std::uint16_t> checksum{};
};

struct Icmp {
  std::uint8_t type = 8;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
  std::optional<std::uint16_t> checksum{};
};

struct Icmp6 {
  std::uint8_t type = 128;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
  std::optional<std::uint16_t> checksum{};
};

// Bytes as they are. The header in front calls them experimental (0x88b5, 253) unless told
// otherwise.
struct Raw {
  Bytes bytes{};
};

using Layer = std::variant<Eth, Vlan, Llc, Arp, Ipv4, Ipv6, HopByHop, DstOpts, Routing, Ah, Frag,
                           Esp, NoNext, Tcp, Udp, Icmp, Icmp6, Raw>;

template <typename T, typename Variant>
inline constexpr bool kIsAlternative = false;
template <typename T, typename... Layers>
inline constexpr bool kIsAlternative<T, std::variant<Layers...>> = (std::is_same_v<T, Layers> ||
                                                                    ...);

template <typename T>
concept Header = kIsAlternative<T, Layer>;

// Headers in the order of the wire.
class Packet {
 public:
  Packet() = default;
  template <Header T>
  [[gnu::noinline]] Packet(const T& first) {  // NOLINT: a header alone is a packet
    layers_.emplace_back(first);
  }

  Packet& operator/=(Layer next);

  [[nodiscard]] std::vector<Layer>& layers() { return layers_; }
  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }

  [[nodiscard]] Bytes bytes() const;
  operator Bytes() const { return bytes(); }  // NOLINT

 private:
  std::vector<Layer> layers_;
};

[[nodiscard]] Packet operator/(Packet packet, const Layer& next);

// Never inlined: the tables of the tests put packets together by the hundred.
template <Header T>
[[nodiscard, gnu::noinline]] Packet operator/(Packet packet, const T& next) {
  packet.layers().emplace_back(next);
  return packet;
}

// The same packet from another source (the outermost IP header; ARP and others stay as they are).
[[nodiscard]] Packet with_source(Packet packet, const Ip4& src4, const Ip6& src6);

// The fragments of a packet in order: everything behind the outermost IP header (IPv6: and behind
// `kept` extension headers) in pieces of `piece` bytes, a multiple of 8. Checksums are those of the
// whole.
[[nodiscard]] std::vector<Packet> fragment(const Packet& whole, std::size_t piece,
                                           std::size_t kept = 0);

[[nodiscard]] Bytes cut(Bytes frame, std::size_t length);  // the first `length` bytes
[[nodiscard]] Bytes pad(Bytes frame, std::size_t length);  // zeros up to `length`

[[nodiscard]] std::string hex(std::span<const std::uint8_t> bytes);
[[nodiscard]] Bytes from_hex(std::string_view digits);  // blanks are ignored

// Internet checksum (RFC 1071) of bytes, to be stored as it is.
[[nodiscard]] std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes);

}  // namespace apiguard::test
