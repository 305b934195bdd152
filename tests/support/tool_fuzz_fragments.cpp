// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// fuzz_fragments NAMESPACE/DEVICE SEED SEQUENCES LISTED...: sends random sequences of frames, each
// a way to say one SYN to port 6443, and watches what comes back. The kernel behind the device is
// the judge of which of them are a SYN. A segment from port 6443 is an answer, whatever its flags:
// a reset tells as well that the filter was passed. What counts is where an answer goes, not whom
// the frames name: to an address outside of the prefixes LISTED none may go.
//
// Prints "shape NAME SENT ANSWERED" for every shape, then "frames N", "listed N" (answers to listed
// addresses), "answers N" (to others) and "rewritten N" (those of them whose addresses no frame of
// the sequence bore).
//
// Each sequence carries its number as sequence number, which answers acknowledge. At the end a
// whole SYN to port 8443, which nobody protects, is sent until it is answered: nothing is on the
// way then.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/random.hpp"
#include "tests/support/wire.hpp"

using namespace apiguard::test;

namespace {

constexpr const char* kSource4 = "192.0.2.7";
constexpr const char* kSource6 = "2001:db8:a::7";
constexpr const char* kListed6 = "2001:db8:12::7";
constexpr std::uint16_t kProtected = 6443;
constexpr std::uint16_t kOther = 8443;
constexpr std::uint8_t kTcp = 6, kDstOpts = 60, kFragment = 44, kNoNext = 59, kUdp = 17;
constexpr std::size_t kEth = 14, kIp4 = 20, kIp6 = 40;

struct Ends6 {
  Ip6 source = kSource6;
  Ip6 destination = Ipv6{}.dst;
};

struct Sequence {
  const char* shape = "";
  std::vector<Bytes> frames{};
  Ends6 ends{};  // of its frames, if they are IPv6
};

std::size_t eights(Random& random, std::size_t upto) { return random.below(upto / 8 + 1) * 8; }

Bytes slice(const Bytes& bytes, std::size_t start, std::size_t size) {
  const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(start, bytes.size()));
  return {from, from + static_cast<std::ptrdiff_t>(
                           std::min(size, static_cast<std::size_t>(bytes.end() - from)))};
}

Bytes behind(const Packet& packet, std::size_t start) {
  const Bytes frame = packet.bytes();
  return slice(frame, start, frame.size());
}

Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes noise(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = random.byte();
  return bytes;
}

template <typename T>
void shuffle(Random& random, std::vector<T>& list) {
  for (std::size_t at = list.size(); at > 1; --at) std::swap(list[at - 1], list[random.below(at)]);
}

Tcp syn(Random& random, std::uint32_t number, std::uint16_t port) {
  Tcp tcp{.sport = static_cast<std::uint16_t>(1024 + random.below(60000)),
          .dport = port,
          .seq = number};
  if (random.percent(50)) tcp.options = {2, 4, 5, 0xb4, 1, 1, 1, 1};
  return tcp;
}

// Data behind the SYN makes room for pieces.
Raw data(Random& random) { return Raw{noise(random, random.percent(60) ? random.below(64) : 0)}; }

// A piece of a datagram: where it stands, whether more follow, what it holds, and what lies in the
// frame behind its end.
struct Piece {
  std::size_t offset = 0;
  bool more = false;
  Bytes data{};
  Bytes beyond{};
};

std::vector<Piece> split(Random& random, const Bytes& whole) {
  std::vector<Piece> pieces;
  std::size_t at = 0;
  while (at < whole.size()) {
    const std::size_t size = random.percent(40) ? 8 : 24 + eights(random, whole.size());
    pieces.push_back({at, at + size < whole.size(), slice(whole, at, size), {}});
    at += size;
  }
  if (pieces.size() == 1) pieces.push_back({(whole.size() + 7) / 8 * 8, false, {}, {}});
  pieces.front().more = true;
  return pieces;
}

// ---- IPv4
// ----------------------------------------------------------------------------------------

struct Lies4 {
  bool reserved = false, df = false;
  Bytes options{};
  std::optional<std::uint8_t> proto = kTcp;
  int longer = 0;  // total length beyond the truth
};

Bytes frame4(std::uint16_t id, const Piece& piece, const Lies4& lies) {
  Ipv4 ip{.src = kSource4, .options = lies.options, .id = id, .reserved = lies.reserved};
  ip.df = lies.df;
  ip.mf = piece.more;
  ip.offset = static_cast<std::uint16_t>(piece.offset / 8);
  ip.proto = lies.proto;
  const std::size_t header = kIp4 + (lies.options.size() + 3) / 4 * 4;
  ip.total_length = static_cast<std::uint16_t>(
      std::max(0, static_cast<int>(header + piece.data.size()) + lies.longer));
  return Eth() / ip / Raw{joined(piece.data, piece.beyond)};
}

Bytes segment4(Random& random, std::uint32_t number, std::uint16_t port) {
  return behind(Eth() / Ipv4{.src = kSource4} / syn(random, number, port) / data(random),
                kEth + kIp4);
}

Lies4 some_lies4(Random& random) {
  Lies4 lies;
  lies.reserved = random.percent(20);
  lies.df = random.percent(20);
  if (random.percent(20)) lies.options = Bytes(4 * (1 + random.below(10)), 1);
  return lies;
}

std::vector<Bytes> frames4(Random& random, const std::vector<Piece>& pieces) {
  std::vector<Bytes> frames;
  const std::uint16_t id = random.word();
  for (const Piece& piece : pieces) frames.push_back(frame4(id, piece, some_lies4(random)));
  return frames;
}

Sequence whole4(Random& random, std::uint32_t number) {
  Piece piece{0, random.percent(30), segment4(random, number, kProtected), {}};
  if (random.percent(50)) piece.beyond = noise(random, random.below(40));
  Lies4 lies = some_lies4(random);
  if (random.percent(30)) lies.longer = static_cast<int>(random.below(60)) - 30;
  const std::uint16_t id = random.word();
  Sequence sequence{"v4 whole", {frame4(id, piece, lies)}};
  if (piece.more) {
    sequence.frames.push_back(frame4(id, {(piece.data.size() + 7) / 8 * 8, false, {}, {}}, {}));
  }
  return sequence;
}

Sequence split4(Random& random, std::uint32_t number) {
  auto pieces = split(random, segment4(random, number, kProtected));
  if (random.percent(60)) shuffle(random, pieces);
  return {"v4 split", frames4(random, pieces)};
}

Sequence repeated4(Random& random, std::uint32_t number) {
  auto pieces = split(random, segment4(random, number, kProtected));
  const std::size_t count = pieces.size();
  for (std::size_t at = 0; at < count; ++at) {
    if (random.percent(50)) pieces.push_back(pieces[at]);
  }
  shuffle(random, pieces);
  return {"v4 repeated", frames4(random, pieces)};
}

Sequence overlap4(Random& random, std::uint32_t number) {
  const Bytes whole = segment4(random, number, kProtected);
  auto pieces = split(random, whole);
  for (std::size_t more = 1 + random.below(3); more > 0; --more) {
    const std::size_t at = eights(random, whole.size());
    const Bytes part = slice(whole, at, 8 + eights(random, 24));
    pieces.push_back({at, random.percent(50), random.percent(50) ? part : noise(random, 16), {}});
  }
  if (random.percent(70)) shuffle(random, pieces);
  return {"v4 overlap", frames4(random, pieces)};
}

// The piece with the port is there twice: one speaks of a port that nobody protects.
Sequence decoy4(Random& random, std::uint32_t number) {
  const Bytes whole = segment4(random, number, kProtected);
  Bytes decoy = whole;
  decoy[2] = kOther >> 8;
  decoy[3] = kOther & 0xff;
  auto pieces = split(random, whole);
  const Piece first = pieces.front();
  const Bytes front = slice(decoy, 0, random.percent(50) ? first.data.size() : 8);
  pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(random.below(pieces.size() + 1)),
                Piece{0, true, front, {}});
  if (random.percent(50)) shuffle(random, pieces);
  return {"v4 decoy first", frames4(random, pieces)};
}

// The frame is longer than the datagram: what follows the end looks like another TCP header, or is
// the true one behind a decoy.
Sequence beyond4(Random& random, std::uint32_t number) {
  const Bytes whole = segment4(random, number, kProtected);
  const Bytes other = segment4(random, number, kOther);
  auto pieces = split(random, random.percent(70) ? whole : other);
  for (Piece& piece : pieces) piece.beyond = random.percent(50) ? whole : other;
  if (random.percent(40)) pieces.front().data.resize(random.below(8));
  if (random.percent(50)) shuffle(random, pieces);
  return {"v4 lying length", frames4(random, pieces)};
}

Sequence protocol4(Random& random, std::uint32_t number) {
  const auto pieces = split(random, segment4(random, number, kProtected));
  Sequence sequence{"v4 protocol lies", {}};
  const std::uint16_t id = random.word();
  for (const Piece& piece : pieces) {
    Lies4 lies = some_lies4(random);
    if (random.percent(40)) lies.proto = random.percent(50) ? kUdp : random.byte();
    sequence.frames.push_back(frame4(id, piece, lies));
  }
  if (random.percent(50)) shuffle(random, sequence.frames);
  return sequence;
}

// ---- IPv6
// ----------------------------------------------------------------------------------------

struct Chain {
  std::uint8_t next = kTcp;  // of the fragment header
  Bytes bytes{};             // behind it: extension headers and the segment
};

// An option that receivers skip, or padding, of which they take little at a time.
DstOpts some_options(Random& random) {
  constexpr std::uint8_t kSkipped = 0x1e;
  if (random.percent(30)) return DstOpts{.options = Bytes(random.below(14))};
  const auto size = static_cast<std::uint8_t>(random.below(28));
  return DstOpts{.options = joined({kSkipped, size}, Bytes(size))};
}

// Destination options and TCP, checksums right for the whole.
Chain chain6(Random& random, std::uint32_t number, std::uint16_t port, std::size_t headers,
             const Ends6& ends = {}) {
  Packet packet = Eth() / Ipv6{.src = ends.source, .dst = ends.destination};
  for (std::size_t at = 0; at < headers; ++at) packet /= some_options(random);
  packet = packet / syn(random, number, port) / data(random);
  return {headers == 0 ? kTcp : kDstOpts, behind(packet, kEth + kIp6)};
}

struct Lies6 {
  std::vector<Layer> before{};  // extension headers in front of the fragment header
  int longer = 0;               // payload length beyond the truth
  std::uint8_t reserved = 0;
  Ends6 ends{};
};

Bytes frame6(std::uint32_t id, std::uint8_t next, const Piece& piece, const Lies6& lies) {
  Packet packet = Eth() / Ipv6{.src = lies.ends.source, .dst = lies.ends.destination};
  for (const Layer& layer : lies.before) packet /= layer;
  packet /= Frag{.offset = static_cast<std::uint16_t>(piece.offset / 8),
                 .more = piece.more,
                 .id = id,
                 .reserved = lies.reserved,
                 .next = next};
  packet /= Raw{joined(piece.data, piece.beyond)};
  const auto truth = packet.bytes().size() - kEth - kIp6 - piece.beyond.size();
  std::get<Ipv6>(packet.layers()[1]).payload_length =
      static_cast<std::uint16_t>(std::max(0, static_cast<int>(truth) + lies.longer));
  return packet;
}

Lies6 some_lies6(Random& random) {
  Lies6 lies;
  if (random.percent(10)) lies.before.emplace_back(HopByHop{.options = Bytes(random.below(6))});
  while (random.percent(15)) lies.before.emplace_back(some_options(random));
  if (random.percent(5)) lies.before.emplace_back(Routing{.type = random.byte()});
  if (random.percent(10)) lies.reserved = random.byte();
  return lies;
}

std::vector<Bytes> frames6(Random& random, std::uint8_t next, const std::vector<Piece>& pieces) {
  std::vector<Bytes> frames;
  const auto id = static_cast<std::uint32_t>(random.word()) << 16 | random.word();
  const Lies6 lies = some_lies6(random);
  for (const Piece& piece : pieces) frames.push_back(frame6(id, next, piece, lies));
  return frames;
}

std::size_t few(Random& random) { return random.percent(50) ? 0 : random.below(4); }

Sequence whole6(Random& random, std::uint32_t number) {
  Packet packet = Eth() / Ipv6{.src = kSource6};
  if (random.percent(30)) packet /= HopByHop{.options = Bytes(random.below(8))};
  const std::size_t most = random.percent(80) ? 4 : 12;
  for (std::size_t more = random.below(most); more > 0; --more) packet /= some_options(random);
  packet = packet / syn(random, number, kProtected) / data(random);
  const auto truth = static_cast<int>(packet.bytes().size() - kEth - kIp6);
  int length = truth;
  if (random.percent(30)) length += static_cast<int>(random.below(60)) - 30;
  if (random.percent(10)) length = 0;
  std::get<Ipv6>(packet.layers()[1]).payload_length =
      static_cast<std::uint16_t>(std::max(0, length));
  return {"v6 whole", {joined(packet.bytes(), noise(random, random.below(40)))}};
}

Sequence atomic6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  const Chain other = chain6(random, number, kOther, few(random));
  Lies6 lies = some_lies6(random);
  if (random.percent(20)) lies.longer = static_cast<int>(random.below(40)) - 20;
  Piece piece{0, false, chain.bytes, {}};
  if (random.percent(50)) piece.beyond = other.bytes;
  Sequence sequence{"v6 atomic", {frame6(random.word(), chain.next, piece, lies)}};
  return sequence;
}

Sequence split6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  auto pieces = split(random, chain.bytes);
  if (random.percent(60)) shuffle(random, pieces);
  return {"v6 split", frames6(random, chain.next, pieces)};
}

Sequence repeated6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  auto pieces = split(random, chain.bytes);
  const std::size_t count = pieces.size();
  for (std::size_t at = 0; at < count; ++at) {
    if (random.percent(40)) pieces.push_back(pieces[at]);
  }
  shuffle(random, pieces);
  return {"v6 repeated", frames6(random, chain.next, pieces)};
}

Sequence overlap6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  const Chain other = chain6(random, number, kOther, few(random));
  auto pieces = split(random, chain.bytes);
  for (std::size_t more = 1 + random.below(3); more > 0; --more) {
    const std::size_t at = eights(random, chain.bytes.size());
    const Bytes& from = random.percent(50) ? chain.bytes : other.bytes;
    pieces.push_back({at, random.percent(50), slice(from, at, 8 + eights(random, 24)), {}});
  }
  if (random.percent(70)) shuffle(random, pieces);
  return {"v6 overlap", frames6(random, chain.next, pieces)};
}

// The one that was seen to work against filters that read on behind the payload: the first piece
// ends inside the chain, and a decoy in the same frame continues it to a port that nobody protects.
Sequence decoy6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, 1 + random.below(3));
  auto pieces = split(random, chain.bytes);
  Bytes decoy = chain.bytes;
  const std::size_t segment = decoy.size() - behind(Eth() / Tcp{}, kEth).size();
  for (std::size_t at = 0; at + 4 <= decoy.size(); ++at) {
    if (decoy[at] == kProtected >> 8 && decoy[at + 1] == (kProtected & 0xff)) {
      decoy[at] = kOther >> 8;
      decoy[at + 1] = kOther & 0xff;
    }
  }
  Piece& first = pieces.front();
  const std::size_t end = first.offset + first.data.size();
  switch (random.below(4)) {
    case 0:
      first.beyond = slice(decoy, end, decoy.size());
      break;
    case 1:
      first.beyond = noise(random, random.below(80));
      break;
    case 2:
      first.beyond = Bytes(8 + random.below(segment + 8));
      break;
    default:
      first.beyond = {kNoNext, 0, 1, 4, 0, 0, 0, 0};
  }
  if (random.percent(30)) shuffle(random, pieces);
  return {"v6 decoy behind the payload", frames6(random, chain.next, pieces)};
}

// A fragment header inside what is fragmented: atomic, or the first of two levels of pieces.
Sequence nested6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  const auto inner_id = static_cast<std::uint32_t>(random.word());
  Bytes inner = {chain.next, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    inner.push_back(static_cast<std::uint8_t>(inner_id >> shift));
  }
  inner = joined(inner, chain.bytes);
  if (random.percent(50)) {
    auto pieces = split(random, inner);
    if (random.percent(40)) shuffle(random, pieces);
    return {"v6 nested", frames6(random, kFragment, pieces)};
  }
  Lies6 lies;
  lies.before.emplace_back(Frag{.id = random.word()});
  const auto pieces = split(random, chain.bytes);
  Sequence sequence{"v6 nested", {}};
  for (const Piece& piece : pieces) {
    sequence.frames.push_back(frame6(inner_id, chain.next, piece, lies));
  }
  return sequence;
}

// Only the next header of the first piece counts; the others, and sometimes it, say something else.
Sequence protocol6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  const auto pieces = split(random, chain.bytes);
  Sequence sequence{"v6 protocol lies", {}};
  const auto id = static_cast<std::uint32_t>(random.word());
  for (const Piece& piece : pieces) {
    const bool lie = random.percent(piece.offset == 0 ? 20 : 70);
    const std::uint8_t next =
        lie ? random.pick(std::vector<std::uint8_t>{kUdp, kNoNext, 50, 0, 43, kDstOpts, kFragment})
            : chain.next;
    sequence.frames.push_back(frame6(id, next, piece, {}));
  }
  if (random.percent(50)) shuffle(random, sequence.frames);
  return sequence;
}

// Where connection tracking reassembles, the kernel goes on behind the fragment header with the
// kind of the first header in front of it, and so takes for TCP what the fragment header calls UDP.
Sequence hidden6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, random.below(3));
  Lies6 lies;
  if (random.percent(30)) lies.before.emplace_back(HopByHop{.options = Bytes(6)});
  for (std::size_t more = 1 + random.below(2); more > 0; --more) {
    if (random.percent(50)) {
      lies.before.emplace_back(DstOpts{.options = Bytes(6)});
    } else {
      lies.before.emplace_back(Routing{.type = random.byte()});
    }
  }
  const std::uint8_t next =
      random.pick(std::vector<std::uint8_t>{kUdp, kNoNext, 28, 50, kTcp, chain.next});
  auto pieces = split(random, chain.bytes);
  if (random.percent(30)) pieces = {{0, false, chain.bytes, {}}};
  const auto id = static_cast<std::uint32_t>(random.word());
  Sequence sequence{"v6 hidden kind", {}};
  for (const Piece& piece : pieces) sequence.frames.push_back(frame6(id, next, piece, lies));
  if (random.percent(30)) shuffle(random, sequence.frames);
  return sequence;
}

// The byte of an address that differs between what the frames say and what the checksum is for.
struct Rewritten {
  Ends6 told{}, meant{};
  std::uint8_t byte = kDstOpts;
};

// Some sequences differ in no byte: whoever is named is who sends.
Rewritten some_ends(Random& random) {
  Rewritten ends;
  ends.told.source = ends.meant.source = random.percent(60) ? kListed6 : kSource6;
  if (random.percent(30)) return ends;
  const std::size_t at = 4 * random.below(4);
  if (random.percent(50)) {
    ends.byte = ends.meant.source.bytes[at] = random.byte();
  } else {
    ends.byte = ends.meant.destination.bytes[at];
    ends.told.destination.bytes[at] = random.byte();
  }
  return ends;
}

// Up to 20 headers and 600 bytes in front of the fragment header. Connection tracking writes its
// next-header byte where it believes the last of them begins, which may be in an address.
Sequence front6(Random& random, std::uint32_t number) {
  const Rewritten ends = some_ends(random);
  const Chain chain = chain6(random, number, kProtected, 1 + random.below(2), ends.meant);
  auto pieces = split(random, chain.bytes);
  if (random.percent(60)) pieces = {{0, false, chain.bytes, {}}};
  Lies6 lies{.before = long_front(random), .ends = ends.told};
  const std::uint8_t next = random.percent(85) ? ends.byte : random.byte();
  const auto id = static_cast<std::uint32_t>(random.word()) << 16 | random.word();
  Sequence sequence{"v6 long front", {}, ends.told};
  for (const Piece& piece : pieces) {
    sequence.frames.push_back(frame6(id, next, piece, lies));
    if (random.percent(20)) lies.before = long_front(random);
    if (random.percent(20)) lies.before.clear();
  }
  if (random.percent(30)) shuffle(random, sequence.frames);
  return sequence;
}

// What a listed source may well send: in every run it has to be answered.
Sequence listed6(Random& random, std::uint32_t number) {
  const Lies6 lies{.ends = {.source = kListed6}};
  const Chain chain = chain6(random, number, kProtected, few(random), lies.ends);
  const auto id = static_cast<std::uint32_t>(random.word()) << 16 | random.word();
  Sequence sequence{"v6 split, listed", {}, lies.ends};
  for (const Piece& piece : split(random, chain.bytes))
    sequence.frames.push_back(frame6(id, chain.next, piece, lies));
  return sequence;
}

Sequence length6(Random& random, std::uint32_t number) {
  const Chain chain = chain6(random, number, kProtected, few(random));
  const auto pieces = split(random, chain.bytes);
  Sequence sequence{"v6 lying length", {}};
  const auto id = static_cast<std::uint32_t>(random.word());
  for (Piece piece : pieces) {
    Lies6 lies;
    if (random.percent(40)) lies.longer = static_cast<int>(eights(random, 64)) - 32;
    if (random.percent(40)) piece.beyond = noise(random, random.below(64));
    sequence.frames.push_back(frame6(id, chain.next, piece, lies));
  }
  if (random.percent(40)) shuffle(random, sequence.frames);
  return sequence;
}

// ---- running
// -------------------------------------------------------------------------------------

// What is done to any sequence now and then, whatever its shape.
void disturb(Random& random, Sequence& sequence) {
  if (random.percent(10)) sequence.frames.push_back(random.pick(sequence.frames));
  if (random.percent(10)) {
    Bytes& frame = sequence.frames[random.below(sequence.frames.size())];
    frame[kEth + random.below(frame.size() - kEth)] ^=
        static_cast<std::uint8_t>(1U << random.below(8));
  }
  if (random.percent(15)) {  // VID 0: the kernel strips any number of them
    const std::size_t most = 1 + random.below(8);
    for (Bytes& frame : sequence.frames) {
      for (std::size_t more = random.below(most); more > 0; --more) {
        const Bytes tag = random.percent(70) ? Bytes{0x81, 0, 0, 0} : Bytes{0x88, 0xa8, 0, 0};
        frame.insert(frame.begin() + 12, tag.begin(), tag.end());
      }
    }
  }
}

constexpr Sequence (*kShapes[])(Random&, std::uint32_t) = {
    whole4,  split4,  repeated4, overlap4, decoy4, beyond4, protocol4, whole6,
    atomic6, split6,  repeated6, overlap6, decoy6, decoy6,  nested6,   protocol6,
    hidden6, length6, listed6,   front6,   front6, front6};

struct Answer {
  std::uint16_t port = 0;
  std::uint32_t number = 0;
  apiguard::Address from{}, to{};
};

apiguard::Address address_at(std::span<const std::uint8_t> frame, std::size_t at, bool ipv6) {
  apiguard::Address address{.family = ipv6 ? apiguard::Family::kIpv6 : apiguard::Family::kIpv4};
  const auto bytes = frame.subspan(at, ipv6 ? 16 : 4);
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

// A TCP segment without IP options or extension headers, which is what a kernel answers with.
std::optional<Answer> answer_of(std::span<const std::uint8_t> frame) {
  if (frame.size() < kEth + kIp4 + 20) return std::nullopt;
  const bool ipv6 = frame[12] == 0x86;
  const std::size_t tcp = kEth + (ipv6 ? kIp6 : kIp4);
  if (frame.size() < tcp + 20 || frame[ipv6 ? kEth + 6 : kEth + 9] != kTcp) return std::nullopt;
  const auto at = [&](std::size_t index) { return static_cast<std::uint32_t>(frame[tcp + index]); };
  const std::uint32_t acknowledged = at(8) << 24 | at(9) << 16 | at(10) << 8 | at(11);
  const std::size_t source = kEth + (ipv6 ? 8 : 12);
  return Answer{static_cast<std::uint16_t>(at(0) << 8 | at(1)), acknowledged - 1,
                address_at(frame, source, ipv6), address_at(frame, source + (ipv6 ? 16 : 4), ipv6)};
}

class Run {
 public:
  Run(Wire& wire, std::uint64_t seed, std::vector<apiguard::Prefix> listed)
      : wire_(wire), random_(seed), listed_prefixes_(std::move(listed)) {}

  void send(std::uint32_t count) {
    for (std::uint32_t number = 1; number <= count; ++number) {
      Sequence sequence = random_.pick(kShapes)(random_, number);
      disturb(random_, sequence);
      ++sent_[sequence.shape];
      for (const Bytes& frame : sequence.frames) send_frame(frame);
      sequences_.push_back(std::move(sequence));
      while (const auto frame = wire_.receive(0)) take(*frame);
    }
  }

  void finish() {
    constexpr std::uint32_t kEnd = 0xfffffff0;
    const Bytes last = Eth() / Ipv4{.src = kSource4} / Tcp{.dport = kOther, .seq = kEnd};
    for (int attempt = 0; attempt < 20; ++attempt) {
      send_frame(last);
      while (const auto frame = wire_.receive(500)) {
        if (const auto answer = answer_of(*frame); answer && answer->number == kEnd) return;
        take(*frame);
      }
    }
    give_up("port 8443, which nobody protects, does not answer");
  }

  void report() const {
    for (const auto& [shape, count] : sent_) {
      const auto found = answered_.find(shape);
      const std::uint64_t answered = found == answered_.end() ? 0 : found->second;
      std::printf("shape %-28s %6" PRIu64 " %6" PRIu64 "\n", shape.c_str(), count, answered);
    }
    std::printf("sequences %zu\nframes %" PRIu64 "\nlisted %" PRIu64 "\nanswers %" PRIu64
                "\nrewritten %" PRIu64 "\n",
                sequences_.size(), frames_, to_listed_, to_others_, rewritten_);
  }

 private:
  void send_frame(const Bytes& frame) {
    while (!wire_.send(frame)) wire_.receive(1);
    ++frames_;
  }

  void take(std::span<const std::uint8_t> frame) {
    const auto answer = answer_of(frame);
    if (!answer || answer->port != kProtected) return;
    const Sequence* sequence =
        answer->number - 1 < sequences_.size() ? &sequences_[answer->number - 1] : nullptr;
    if (sequence != nullptr) ++answered_[sequence->shape];
    if (is_listed(answer->to)) {
      ++to_listed_;
      return;
    }
    ++to_others_;
    if (sequence != nullptr && is_rewritten(*answer, sequence->ends)) ++rewritten_;
    if (++shown_ <= 5) show(frame, sequence);
  }

  [[nodiscard]] bool is_listed(const apiguard::Address& address) const {
    return std::any_of(listed_prefixes_.begin(), listed_prefixes_.end(),
                       [&](const apiguard::Prefix& prefix) { return covers(prefix, address); });
  }

  static bool is_rewritten(const Answer& answer, const Ends6& ends) {
    return answer.to.family == apiguard::Family::kIpv6 &&
           (answer.to.bytes != ends.source.bytes || answer.from.bytes != ends.destination.bytes);
  }

  static void show(std::span<const std::uint8_t> frame, const Sequence* sequence) {
    std::printf("answer %s\n", hex(frame).c_str());
    if (sequence == nullptr) return;
    for (const Bytes& sent : sequence->frames) std::printf("answer to %s\n", hex(sent).c_str());
  }

  Wire& wire_;
  Random random_;
  std::vector<apiguard::Prefix> listed_prefixes_;
  std::vector<Sequence> sequences_;
  std::map<std::string, std::uint64_t> sent_, answered_;
  std::uint64_t frames_ = 0, to_listed_ = 0, to_others_ = 0, rewritten_ = 0;
  int shown_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) give_up("usage: fuzz_fragments NAMESPACE/DEVICE SEED SEQUENCES LISTED...");
  const std::uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  std::vector<apiguard::Prefix> listed;
  for (int i = 4; i < argc; ++i) {
    const auto prefix = apiguard::parse_prefix(argv[i]);
    if (!prefix) give_up(std::string(argv[i]) + ": " + prefix.error().message);
    listed.push_back(prefix->prefix);
  }
  stay_on_one_cpu();
  Wire wire{Place(argv[1])};
  Run run(wire, seed, std::move(listed));
  run.send(static_cast<std::uint32_t>(std::stoul(argv[3])));
  run.finish();
  run.report();
  return 0;
}
