// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Connections by range: which segments open one, which range admits it, and that nothing else is
// noted.
#include <bpf/bpf.h>

#include <map>

#include "loader/datapath/pins.hpp"
#include "loader/ledger/usage_map.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kEcnBits = 0xc0;
constexpr std::size_t kToFlags = 14;  // bytes of a TCP header

Policy policy_of(std::vector<Range> ranges, Mode mode = Mode::kEnforce) {
  Policy policy;
  policy.mode = mode;
  policy.endpoints = {endpoint(6443)};
  policy.ranges = std::move(ranges);
  return policy;
}

Hits uses_of(const Harness& harness) {
  auto uses = ledger::read_hits(harness.generation().used_fd());
  if (!uses) FAIL(uses.error().message);
  return *uses;
}

// "192.0.2.0/24 3, 2001:db8::/32 1": everything that is noted.
std::string noted(const Harness& harness) {
  std::string text;
  for (const RangeHits& use : uses_of(harness).ranges) {
    if (!text.empty()) text += ", ";
    text += to_string(use.prefix) + " " + std::to_string(use.connections);
  }
  return text;
}

Packet from4(const char* source, const Tcp& tcp = {}) { return Eth() / Ipv4{.src = source} / tcp; }
Packet from6(const char* source, const Tcp& tcp = {}) { return Eth() / Ipv6{.src = source} / tcp; }

void passes(Harness& harness, const Bytes& frame) {
  REQUIRE(test::to_string(harness.run(frame)) == "pass listed");
}

void drops(Harness& harness, const Bytes& frame) {
  REQUIRE(harness.run(frame).outcome == APIGUARD_DROP);
}

}  // namespace

TEST_CASE("the longest match is noted, in both families", "[root]") {
  Harness harness(policy_of({allow("192.0.0.0/8"), allow("192.0.2.0/24"), allow("192.0.2.7/32"),
                             allow("2001:db8::/32"), allow("2001:db8:a::/48"),
                             allow("2001:db8:a::7/128"), cluster("10.0.0.0/8")}));
  for (int i = 0; i < 3; ++i) passes(harness, from4("192.0.2.7"));
  for (int i = 0; i < 2; ++i) passes(harness, from4("192.0.2.8"));
  passes(harness, from4("192.1.2.8"));
  passes(harness, from4("10.1.2.3"));
  for (int i = 0; i < 4; ++i) passes(harness, from6("2001:db8:a::7"));
  passes(harness, from6("2001:db8:a:ffff::"));
  passes(harness, from6("2001:db8:b::"));
  CHECK(noted(harness) ==
        "10.0.0.0/8 1, 192.0.0.0/8 1, 192.0.2.0/24 2, 192.0.2.7/32 3, 2001:db8::/32 1, "
        "2001:db8:a::/48 1, 2001:db8:a::7/128 4");
}

TEST_CASE("everybody is a range, and every length of a prefix is one", "[root]") {
  std::vector<Range> ranges;
  for (int length = 0; length <= 128; length += 16) {
    ranges.push_back(allow("2001:db8:1:2:3:4:5:6/" + std::to_string(length)));
    if (length <= 32) ranges.push_back(allow("203.0.113.9/" + std::to_string(length)));
  }
  Harness harness(policy_of(ranges));
  std::map<Prefix, std::uint64_t> wanted;
  for (const Range& range : ranges) {
    // An address of the range whose last bit differs from that of the longest one.
    Address source = range.prefix.address;
    const bool ipv4 = source.family == Family::kIpv4;
    if (range.prefix.length < max_length(source.family)) {
      const std::size_t next = range.prefix.length / 8U;
      const Address longest = address(ipv4 ? "203.0.113.9" : "2001:db8:1:2:3:4:5:6");
      source.bytes.at(next) = static_cast<std::uint8_t>(longest.bytes.at(next) ^ 0x80);
    }
    const Packet packet =
        ipv4 ? Eth() / Ipv4{.src = source} / Tcp{} : Eth() / Ipv6{.src = source} / Tcp{};
    passes(harness, packet);
    wanted[range.prefix] += 1;
  }
  std::map<Prefix, std::uint64_t> got;
  for (const RangeHits& use : uses_of(harness).ranges) got[use.prefix] = use.connections;
  CHECK(got == wanted);
}

TEST_CASE("a segment opens a connection with SYN and without ACK, whatever else is set", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("2001:db8:a::/48")}));
  std::uint64_t opened = 0;
  for (unsigned flags = 0; flags < 256; ++flags) {
    const Tcp tcp{.flags = static_cast<std::uint8_t>(flags)};
    passes(harness, from4("192.0.2.7", tcp));
    passes(harness, from6("2001:db8:a::7", tcp));
    if ((flags & kSyn) != 0 && (flags & kAck) == 0) ++opened;
  }
  const std::string count = std::to_string(opened);
  CHECK(opened == 64);
  CHECK(noted(harness) == "192.0.2.0/24 " + count + ", 2001:db8:a::/48 " + count);
}

TEST_CASE("established connections are not noted", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24")}));
  for (const int flags : {0x10, 0x12, 0x18, 0x11, 0x14})
    passes(harness, from4("192.0.2.7", {.flags = static_cast<std::uint8_t>(flags)}));
  CHECK(noted(harness).empty());
  passes(harness, from4("192.0.2.7", {.flags = kSyn | kFin | kRst | kEcnBits}));
  CHECK(noted(harness) == "192.0.2.0/24 1");
}

TEST_CASE("tags, options and extension headers do not hide a connection", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("2001:db8:a::/48")}));
  const Ipv4 ip4{.src = "192.0.2.7"};
  const Ipv6 ip6{.src = "2001:db8:a::7"};
  const std::vector<Packet> packets{
      Eth() / Vlan{} / ip4 / Tcp{},
      Eth() / Vlan{} / Vlan{} / Vlan{} / Vlan{} / ip4 / Tcp{},
      Eth() / Vlan{} / Ipv4{.src = "192.0.2.7", .options = {7, 7, 4, 0, 0, 0, 0, 0}} / Tcp{},
      Eth() / Ipv4{.src = "192.0.2.7", .options = Bytes(40, 1)} / Tcp{},
      Eth() / Ipv4{.src = "192.0.2.7", .mf = true} / Tcp{},
      Eth() / Vlan{} / ip6 / Tcp{},
      Eth() / Vlan{} / Vlan{} / ip6 / Tcp{},
      Eth() / ip6 / HopByHop{} / Tcp{},
      Eth() / ip6 / HopByHop{} / DstOpts{} / Routing{} / Ah{} / Tcp{},
      Eth() / ip6 / Frag{} / Tcp{},
      Eth() / ip6 / Frag{.more = true} / Tcp{}};
  for (const Packet& packet : packets) {
    INFO(hex(packet.bytes()));
    passes(harness, packet);
  }
  CHECK(noted(harness) == "192.0.2.0/24 5, 2001:db8:a::/48 6");
}

TEST_CASE("flags that are not there open nothing", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("2001:db8:a::/48")}));
  for (const Packet& packet :
       {from4("192.0.2.7"), Eth() / Vlan{} / Ipv4{.src = "192.0.2.7"} / Tcp{},
        from6("2001:db8:a::7"), Eth() / Ipv6{.src = "2001:db8:a::7"} / HopByHop{} / Tcp{}}) {
    const Bytes frame = packet;
    const std::size_t segment = frame.size() - 20;
    for (std::size_t size = segment; size < segment + kToFlags; ++size)
      passes(harness, cut(frame, size));
  }
  // A first piece whose flags lie behind its end.
  passes(harness, Eth() / Ipv6{.src = "2001:db8:a::7", .payload_length = 8 + 8} /
                      Frag{.more = true} / Tcp{});
  CHECK(noted(harness).empty());
  for (const Packet& packet : {from4("192.0.2.7"), from6("2001:db8:a::7")}) {
    const Bytes frame = packet;
    passes(harness, cut(frame, frame.size() - 20 + kToFlags));
  }
  CHECK(noted(harness) == "192.0.2.0/24 1, 2001:db8:a::/48 1");
}

TEST_CASE("headers beyond the linear part are read", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("2001:db8:a::/48")}));
  if (!kernel_takes_short_linear_part(harness)) return;
  std::size_t tried = 0;
  for (const Packet& packet : {from4("192.0.2.7"), from6("2001:db8:a::7")}) {
    const Bytes frame = packet;
    for (std::uint32_t linear = 1; linear < frame.size(); ++linear) {
      REQUIRE(test::to_string(harness.run(frame, linear)) == "pass listed");
      ++tried;
    }
  }
  std::uint64_t sum = 0;
  for (const RangeHits& use : uses_of(harness).ranges) sum += use.connections;
  CHECK(sum == tried);
}

TEST_CASE("what ends and what is excepted is noted where it decides", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("192.0.2.7/32", kNow - 1h),
                             allow("192.0.2.8/32", kNow + 1h), except("192.0.2.128/25"),
                             except("192.0.2.9/32", kNow - 1h), allow("192.0.2.200/32"),
                             allow("203.0.113.0/24", kNow - 1h)}));
  passes(harness, from4("192.0.2.7"));
  passes(harness, from4("192.0.2.8"));
  passes(harness, from4("192.0.2.9"));
  passes(harness, from4("192.0.2.200"));
  drops(harness, from4("192.0.2.129"));
  drops(harness, from4("203.0.113.1"));
  drops(harness, from4("198.51.100.1"));
  CHECK(noted(harness) == "192.0.2.0/24 2, 192.0.2.8/32 1, 192.0.2.200/32 1");
}

TEST_CASE("audit notes what is listed, off notes nothing", "[root]") {
  Harness audit(policy_of({allow("192.0.2.0/24")}, Mode::kAudit));
  passes(audit, from4("192.0.2.7"));
  REQUIRE(audit.run(Bytes(from4("203.0.113.7"))).outcome == APIGUARD_WOULD_DROP);
  CHECK(noted(audit) == "192.0.2.0/24 1");
  Harness off(policy_of({allow("192.0.2.0/24")}, Mode::kOff));
  REQUIRE(test::to_string(off.run(Bytes(from4("192.0.2.7")))) == "pass off");
  CHECK(noted(off).empty());
}

TEST_CASE("other ports and other protocols are nobody's connections", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24")}));
  (void)harness.run(Bytes(from4("192.0.2.7", {.dport = 22})));
  (void)harness.run(Bytes(Eth() / Ipv4{.src = "192.0.2.7"} / Udp{}));
  (void)harness.run(Bytes(Eth() / Ipv4{.src = "192.0.2.7", .offset = 1} / Tcp{}));
  CHECK(noted(harness).empty());
}

TEST_CASE("check notes nothing", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24"), allow("192.0.2.8/32", kNow + 1h)}));
  for (const char* source : {"192.0.2.7", "192.0.2.8"}) {
    const auto answer = datapath::ask(harness.generation().check_fd(), address(source),
                                      address("198.51.100.1"), 6443);
    REQUIRE(answer);
    CHECK(answer->outcome == APIGUARD_PASS);
  }
  CHECK(noted(harness).empty());
}

TEST_CASE("the first and the last moment are those of the boot-time clock", "[root]") {
  Harness harness(policy_of({allow("192.0.2.0/24")}));
  const BootTime begin = test_clocks().boot;
  passes(harness, from4("192.0.2.7"));
  const BootTime middle = test_clocks().boot;
  const RangeHits once = uses_of(harness).ranges.at(0);
  CHECK(once.first == once.last);
  CHECK(once.first >= begin);
  CHECK(once.first <= middle);
  passes(harness, from4("192.0.2.8"));
  const RangeHits twice = uses_of(harness).ranges.at(0);
  CHECK(twice.first == once.first);
  CHECK(twice.last >= middle);
  CHECK(twice.last <= test_clocks().boot);
}

TEST_CASE("connections that find no room pass, and it is noted that they did not", "[root]") {
  std::vector<Range> ranges;
  ranges.reserve(2000);
  for (int i = 0; i < 2000; ++i) {
    ranges.push_back(
        allow("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24"));
  }
  Harness harness(policy_of(ranges));  // whose map is for 1,024
  for (const Range& range : ranges)
    passes(harness, Eth() / Ipv4{.src = range.prefix.address} / Tcp{});
  const Hits uses = uses_of(harness);
  CHECK(uses.ranges.size() == 1023);
  CHECK(uses.missed.connections == 2000 - 1023);
  CHECK(uses.missed.last > 0);
  CHECK(boot_time_of(uses.missed.last) <= test_clocks().boot);
}

TEST_CASE("a connection is of the prefix whose entry lists it now", "[root]") {
  const Timestamp past = kNow - 1h, soon = kNow + 1h;
  Harness harness(policy_of({allow("192.0.2.0/24"), except("192.0.2.0/24", past),
                             allow("192.0.2.1/32", past), except("192.0.2.1/32", past),
                             allow("192.0.2.2/32", soon), except("192.0.2.2/32", past),
                             allow("192.0.2.3/32"), except("192.0.2.3/32", soon)}));
  const Tcp syn{.flags = kSyn};
  passes(harness, from4("192.0.2.9", syn));
  passes(harness, from4("192.0.2.1", syn));
  passes(harness, from4("192.0.2.2", syn));
  drops(harness, from4("192.0.2.3", syn));
  CHECK(noted(harness) == "192.0.2.0/24 2, 192.0.2.2/32 1");
}
