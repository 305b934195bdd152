// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/support/oracle.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace apiguard::test {

namespace {

using Frame = std::span<const std::uint8_t>;

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kTag8021q = 0x8100;
constexpr std::uint16_t kTag8021ad = 0x88a8;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;

std::uint16_t be16(Frame bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// What the headers say, before anybody asks who sent them.
enum class Sight {
  kPass,        // not judged: passes under `reason`
  kDrop,        // dropped under `reason`, whatever the source
  kCannotTell,  // could be TCP to an endpoint: judged by source, dropped under `reason`
  kSegment,     // TCP to `port`
};

struct Seen {
  Sight sight = Sight::kPass;
  apiguard_reason reason = APIGUARD_NOT_IP;
  Address source{};
  Address destination{};
  std::uint16_t port = 0;
  bool source_routed = false;           // row 18: the destination may still change
  std::optional<std::uint8_t> flags{};  // of TCP
};

Address address_at(Family family, Frame bytes, std::size_t at) {
  Address address{.family = family};
  const std::size_t size = family == Family::kIpv4 ? 4 : 16;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, address.bytes.begin());
  return address;
}

Seen pass(apiguard_reason reason) { return {.sight = Sight::kPass, .reason = reason}; }

Seen cannot_tell(Seen seen, apiguard_reason reason) {
  seen.sight = Sight::kCannotTell;
  seen.reason = reason;
  return seen;
}

Seen segment(Seen seen, std::uint16_t port) {
  seen.sight = Sight::kSegment;
  seen.port = port;
  return seen;
}

Seen see_ipv4(Frame ip) {
  // Row 4.
  if (ip.size() < 20) return pass(APIGUARD_MALFORMED);
  const int version = ip[0] >> 4;
  const std::size_t header = static_cast<std::size_t>(ip[0] & 15) * 4;
  if (version != 4 || header < 20 || ip.size() < header) return pass(APIGUARD_MALFORMED);
  // Row 6, whatever the protocol. Row 7: the bits above the offset do not matter.
  if ((be16(ip, 6) & 0x1fff) != 0) return pass(APIGUARD_LATER_FRAGMENT);
  // Row 10.
  if (ip[9] != kTcp) return pass(APIGUARD_OTHER_TRAFFIC);
  // Rows 5, 8, 9: ports behind the options, read from the frame whatever tot_len says.
  Seen seen{.source = address_at(Family::kIpv4, ip, 12),
            .destination = address_at(Family::kIpv4, ip, 16),
            .source_routed = header > 20};
  if (ip.size() < header + 4) return cannot_tell(seen, APIGUARD_SHORT_TCP);
  if (ip.size() > header + 13) seen.flags = ip[header + 13];
  return segment(seen, be16(ip, header + 2));
}

bool is_extension(std::uint8_t next) {
  return next == kHopByHop || next == kRouting || next == kFragment || next == kAuthentication ||
         next == kDestinationOptions;
}

// Row 12: each its own unit. `header` starts at the extension header and holds at least two bytes.
std::size_t extension_size(std::uint8_t type, Frame header) {
  if (type == kFragment) return 8;
  if (type == kAuthentication) return (static_cast<std::size_t>(header[1]) + 2) * 4;
  return (static_cast<std::size_t>(header[1]) + 1) * 8;
}

constexpr std::size_t kNoEnd = static_cast<std::size_t>(-1);

// Rows 13b and 15c. Where one of them holds it wins over every other row of the chain. It holds by
// headers that lie whole in the packet: a chain that is cut off before them leaves row 13 or 15.
// Behind a later fragment's header stand no headers (rows 14 and 16); behind a second fragment
// header (row 16) there are some all the same.
bool drops_all(Frame ip) {
  std::size_t at = 40;
  std::size_t preceding = 0;  // where the header in front begins: at first the IPv6 header
  std::size_t end = ip.size();
  std::uint8_t next = ip[6];
  for (int headers = 0; is_extension(next); ++headers) {
    // Row 13b: this is the ninth, whatever of it is there.
    if (headers == 8) return true;
    if (at + 2 > end || at + extension_size(next, ip.subspan(at)) > end) return false;
    const std::size_t behind = at + extension_size(next, ip.subspan(at));
    if (next == kFragment) {
      const std::uint16_t bits = be16(ip, at + 2);
      if (bits >> 3 != 0) return false;
      // Row 15: what a first piece holds ends with its payload length, this header included.
      if ((bits & 1) != 0) end = std::min<std::size_t>(end, 40U + be16(ip, 4));
      if (behind > end) return false;
      // Row 15c.
      if (preceding >= 256) return true;
    }
    next = ip[at];
    preceding = at;
    at = behind;
  }
  return false;
}

// Where in the packet the walk stands.
struct Walk {
  std::uint8_t next = 0;
  std::size_t at = 40;
  int headers = 0;
  bool fragmented = false;   // a fragment header was seen
  std::size_t data = 0;      // behind the fragment header
  bool plain_front = false;  // nothing but hop-by-hop options in front of it
  bool cut_off = false;      // the chain runs out of the frame
  std::size_t end = kNoEnd;  // row 15: bytes from here on do not exist
};

bool beyond(const Walk& walk, std::size_t at) { return at > walk.end; }

// One extension header. Returns what ends the walk, if it ends here.
std::optional<Seen> step(Frame ip, Walk& walk, Seen& seen) {
  // More than 8 headers: of the second reading only, the first one leads to row 13b.
  if (walk.headers == 8) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  // Row 16, cut off or not.
  if (walk.next == kFragment && walk.fragmented) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  // Row 13: the header must lie whole in the frame.
  walk.cut_off = ip.size() < walk.at + 2 ||
                 ip.size() < walk.at + extension_size(walk.next, ip.subspan(walk.at));
  if (walk.cut_off) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  const Frame header = ip.subspan(walk.at);
  const std::size_t size = extension_size(walk.next, header);

  if (walk.next == kFragment) {
    const std::uint16_t bits = be16(header, 2);
    // Row 14.
    if (bits >> 3 != 0) return pass(APIGUARD_LATER_FRAGMENT);
    walk.fragmented = true;
    walk.data = walk.at + size;
    walk.plain_front = walk.headers == 0 || (walk.headers == 1 && ip[6] == kHopByHop);
    // Row 15; row 15a: with M clear nothing changes.
    if ((bits & 1) != 0) walk.end = 40 + static_cast<std::size_t>(be16(ip, 4));
  }
  if (walk.next == kRouting) seen.source_routed = true;
  walk.next = header[0];
  walk.at += size;
  walk.headers += 1;
  // Row 15, also right behind the fragment header itself.
  if (beyond(walk, walk.at)) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  return std::nullopt;
}

// Row 15b: what connection tracking makes of a packet with headers in front of its fragment header.
// True if it may be TCP in another place than where the first reading found it, if it did. A
// fragment header in it, or more than 8 headers, is "may": rows 13b and 15c are about the first
// reading, which is the one that connection tracking itself goes by.
bool hides_tcp(Frame ip, const Walk& first) {
  if (!first.fragmented || first.plain_front) return false;
  Walk walk{.next = kDestinationOptions, .at = first.data, .fragmented = true, .end = first.end};
  const auto leads_on = [](std::uint8_t kind) { return kind == kTcp || is_extension(kind); };
  const bool first_piece = first.end != kNoEnd;
  Seen unused{};
  while (is_extension(walk.next)) {
    const Walk before = walk;
    if (!step(ip, walk, unused)) continue;
    if (walk.cut_off && !first_piece) return false;  // and nothing is still to come
    if (before.headers == 8 || before.next == kFragment) return true;
    // A header that ends in a later piece: what follows it is known from its first four bytes.
    const bool known = before.at + 4 <= std::min(ip.size(), walk.end);
    return !known || leads_on(ip[before.at]);
  }
  return walk.next == kTcp && !(first.next == kTcp && first.at == walk.at);
}

Seen see_ipv6(Frame ip) {
  // Row 11.
  if (ip.size() < 40 || ip[0] >> 4 != 6) return pass(APIGUARD_MALFORMED);
  Seen seen{.source = address_at(Family::kIpv6, ip, 8),
            .destination = address_at(Family::kIpv6, ip, 24)};
  if (drops_all(ip)) {
    seen.sight = Sight::kDrop;
    seen.reason = APIGUARD_EXT_CHAIN;
    return seen;
  }
  Walk walk{.next = ip[6]};
  while (is_extension(walk.next)) {
    if (const auto ended = step(ip, walk, seen)) return *ended;
  }
  if (hides_tcp(ip, walk)) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  // Rows 10 and 17.
  if (walk.next != kTcp) return pass(APIGUARD_OTHER_TRAFFIC);
  // Row 15 before row 13a.
  if (beyond(walk, walk.at + 4)) return cannot_tell(seen, APIGUARD_EXT_CHAIN);
  if (ip.size() < walk.at + 4) return cannot_tell(seen, APIGUARD_SHORT_TCP);
  // Row 15 again: what lies behind the end is not the packet's.
  if (ip.size() > walk.at + 13 && !beyond(walk, walk.at + 14)) seen.flags = ip[walk.at + 13];
  return segment(seen, be16(ip, walk.at + 2));
}

Seen see(Frame frame) {
  // Row 1; a frame that ends before its EtherType is not visibly IP.
  if (frame.size() < 14) return pass(APIGUARD_NOT_IP);
  std::size_t at = 12;
  int tags = 0;
  while (be16(frame, at) == kTag8021q || be16(frame, at) == kTag8021ad) {
    // Row 3.
    if (tags == 4) return {.sight = Sight::kDrop, .reason = APIGUARD_VLAN_DEPTH};
    // Row 2.
    tags += 1;
    at += 4;
    if (frame.size() < at + 2) return pass(APIGUARD_NOT_IP);
  }
  const std::uint16_t ether_type = be16(frame, at);
  if (ether_type == kIpv4) return see_ipv4(frame.subspan(at + 2));
  if (ether_type == kIpv6) return see_ipv6(frame.subspan(at + 2));
  return pass(APIGUARD_NOT_IP);
}

// Row 18.
bool is_protected(const Policy& policy, const Seen& seen) {
  for (const Endpoint& endpoint : policy.endpoints) {
    if (endpoint.port != seen.port) continue;
    if (!endpoint.address || seen.source_routed) return true;
    if (endpoint.address->family == seen.destination.family &&
        endpoint.address->bytes == seen.destination.bytes) {
      return true;
    }
  }
  return false;
}

bool bit(const Address& address, int i) {
  return (address.bytes[static_cast<std::size_t>(i / 8)] >> (7 - i % 8) & 1) != 0;
}

bool matches(const Prefix& prefix, const Address& address) {
  if (prefix.address.family != address.family) return false;
  for (int i = 0; i < prefix.length; ++i) {
    if (bit(prefix.address, i) != bit(address, i)) return false;
  }
  return true;
}

bool is_over(const Range& range, Timestamp now) { return range.until && *range.until <= now; }

// Of two entries that have ended: the one that ended last, of two at once the except.
bool ended_later(const Range& a, const Range& b) {
  if (*a.until != *b.until) return *a.until > *b.until;
  return a.kind == Kind::kExcept && b.kind != Kind::kExcept;
}

// What the entries of one prefix say.
struct Said {
  const Range* except = nullptr;  // live
  const Range* allow = nullptr;   // live, or cluster
  const Range* ended = nullptr;   // the one that ended last
};

// The entries of one length that match: they are one prefix. Every one is asked.
Said say(const std::vector<const Range*>& matching, int length, Timestamp now) {
  Said said;
  for (const Range* range : matching) {
    if (range->prefix.length != length) continue;
    if (is_over(*range, now)) {
      if (said.ended == nullptr || ended_later(*range, *said.ended)) said.ended = range;
    } else if (range->kind == Kind::kExcept) {
      said.except = range;
    } else {
      said.allow = range;
    }
  }
  return said;
}

Verdict drop(const Policy& policy, apiguard_reason reason) {
  return {policy.mode == Mode::kAudit ? APIGUARD_WOULD_DROP : APIGUARD_DROP, reason};
}

}  // namespace

SourceVerdict judge_source(const Policy& policy, Timestamp now, const Address& source) {
  std::vector<const Range*> matching;
  for (const Range& range : policy.ranges) {
    if (matches(range.prefix, source)) matching.push_back(&range);
  }
  const Range* ended = nullptr;
  for (int length = 128; length >= 0 && !matching.empty(); --length) {
    const Said said = say(matching, length, now);
    // Rows 20 and 21: the longest prefix with a live entry decides, by an except if one is live.
    if (said.except != nullptr) return {APIGUARD_EXCEPTED, *said.except};
    if (said.allow != nullptr) return {APIGUARD_LISTED, *said.allow};
    if (ended == nullptr) ended = said.ended;
  }
  // Rows 22 and 23.
  if (ended != nullptr) return {APIGUARD_EXPIRED, *ended};
  return {APIGUARD_UNLISTED, std::nullopt};
}

Verdict judge(const Policy& policy, Timestamp now, std::span<const std::uint8_t> frame) {
  if (policy.mode == Mode::kOff) return {APIGUARD_PASS, APIGUARD_OFF};
  const Seen seen = see(frame);
  if (seen.sight == Sight::kPass) return {APIGUARD_PASS, seen.reason};
  if (seen.sight == Sight::kDrop) return drop(policy, seen.reason);
  if (seen.sight == Sight::kSegment && !is_protected(policy, seen)) {
    return {APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC};
  }
  const apiguard_reason list = judge_source(policy, now, seen.source).reason;
  if (list == APIGUARD_LISTED) return {APIGUARD_PASS, APIGUARD_LISTED};
  return drop(policy, seen.sight == Sight::kCannotTell ? seen.reason : list);
}

std::optional<Prefix> attribute(const Policy& policy, Timestamp now,
                                std::span<const std::uint8_t> frame) {
  constexpr std::uint8_t kSyn = 0x02;
  constexpr std::uint8_t kAck = 0x10;
  if (policy.mode == Mode::kOff) return std::nullopt;
  const Seen seen = see(frame);
  if (seen.sight != Sight::kSegment || !is_protected(policy, seen)) return std::nullopt;
  if (!seen.flags || (*seen.flags & kSyn) == 0 || (*seen.flags & kAck) != 0) return std::nullopt;
  const SourceVerdict source = judge_source(policy, now, seen.source);
  if (source.reason != APIGUARD_LISTED) return std::nullopt;
  return source.range->prefix;
}

std::string to_string(apiguard_outcome outcome) {
  static constexpr std::array kNames{"pass", "drop", "would_drop"};
  return kNames.at(outcome);
}

std::string to_string(apiguard_reason reason) {
  static constexpr std::array kNames{"not_ip",    "vlan_depth",    "malformed", "later_fragment",
                                     "short_tcp", "other_traffic", "ext_chain", "listed",
                                     "excepted",  "expired",       "unlisted",  "off"};
  return kNames.at(reason);
}

std::string to_string(const Verdict& verdict) {
  return to_string(verdict.outcome) + " " + to_string(verdict.reason);
}

}  // namespace apiguard::test
