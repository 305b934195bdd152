// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Audit: whose connections are seen. Nothing listens where these frames go, so that payload is what
// counts; with a listener see tests/netns/suggest.sh, and here that made-up segments do not count.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/datapath/sources.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kPushAck = 0x18;

Policy policy_of(Mode mode) {
  Policy policy;
  policy.mode = mode;
  policy.endpoints = {endpoint(6443)};
  policy.ranges = {allow("203.0.113.0/24")};
  return policy;
}

std::string seen(const Harness& harness) {
  auto sources =
      datapath::read_seen(harness.generation().kept_fd(datapath::Kept::kSeen), test_clocks());
  if (!sources) FAIL(sources.error().message);
  std::string text;
  for (const SeenSource& source : *sources) {
    if (!text.empty()) text += ", ";
    text += to_string(source.source) + " " + std::to_string(source.connections);
  }
  return text;
}

struct Segment {
  std::uint16_t sport = 40000;
  std::uint8_t flags = kPushAck;
  std::size_t payload = 10;
  std::uint16_t dport = 6443;
};

Bytes from4(const char* source, const Segment& segment = {}) {
  return Eth() / Ipv4{.src = source} /
         Tcp{.sport = segment.sport, .dport = segment.dport, .flags = segment.flags} /
         Raw{Bytes(segment.payload)};
}

Bytes from6(const char* source, const Segment& segment = {}) {
  return Eth() / Ipv6{.src = source} /
         Tcp{.sport = segment.sport, .dport = segment.dport, .flags = segment.flags} /
         Raw{Bytes(segment.payload)};
}

void run(Harness& harness, const Bytes& frame) { (void)harness.run(frame); }

}  // namespace

TEST_CASE("a source is seen with payload, not with a handshake") {
  Harness harness(policy_of(Mode::kAudit));
  run(harness, from4("192.0.2.7", {.flags = kSyn, .payload = 0}));
  run(harness, from4("192.0.2.7", {.flags = kAck, .payload = 0}));
  run(harness, from4("192.0.2.8", {.flags = kSyn}));  // data in a SYN proves nothing
  CHECK(seen(harness).empty());
  run(harness, from4("192.0.2.7"));
  run(harness, from6("2001:db8:a::7"));
  CHECK(seen(harness) == "192.0.2.7 1, 2001:db8:a::7 1");
}

TEST_CASE("padding of short frames is no payload") {
  Harness harness(policy_of(Mode::kAudit));
  Bytes frame = from4("192.0.2.7", {.flags = kAck, .payload = 0});
  frame.resize(60);
  run(harness, frame);
  CHECK(seen(harness).empty());
}

TEST_CASE("listed sources are seen as well") {
  Harness harness(policy_of(Mode::kAudit));
  run(harness, from4("203.0.113.7"));
  run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 1, 203.0.113.7 1");
}

TEST_CASE("a connection is counted once, and a port pair again after a new SYN") {
  Harness harness(policy_of(Mode::kAudit));
  for (int i = 0; i < 5; ++i) run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 1");
  run(harness, from4("192.0.2.7", {.sport = 40001}));
  CHECK(seen(harness) == "192.0.2.7 2");
  run(harness, from4("192.0.2.7", {.flags = kSyn, .payload = 0}));
  run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 3");
}

TEST_CASE("tags, options and extension headers do not hide a source") {
  Harness harness(policy_of(Mode::kAudit));
  const Tcp tcp{.dport = 6443, .flags = kPushAck};
  run(harness, Bytes(Eth() / Vlan{} / Ipv4{.src = "192.0.2.1"} / tcp / Raw{Bytes(3)}));
  run(harness, Bytes(Eth() / Vlan{} / Vlan{} / Ipv4{.src = "192.0.2.2"} / tcp / Raw{Bytes(3)}));
  run(harness,
      Bytes(Eth() / Ipv4{.src = "192.0.2.3", .options = Bytes(8, 1)} / tcp / Raw{Bytes(3)}));
  run(harness, Bytes(Eth() / Ipv6{.src = "2001:db8:a::1"} / HopByHop{} / tcp / Raw{Bytes(3)}));
  CHECK(seen(harness) == "192.0.2.1 1, 192.0.2.2 1, 192.0.2.3 1, 2001:db8:a::1 1");
}

TEST_CASE("other ports and other modes see nobody") {
  Harness audit(policy_of(Mode::kAudit));
  run(audit, from4("192.0.2.7", {.dport = 22}));
  CHECK(seen(audit).empty());
  Harness enforce(policy_of(Mode::kEnforce));
  run(enforce, from4("192.0.2.7"));
  run(enforce, from4("203.0.113.7"));
  CHECK(seen(enforce).empty());
}

TEST_CASE("more sources than there is room for push out old ones, not new ones") {
  Harness harness(policy_of(Mode::kAudit));
  for (unsigned i = 0; i < APIGUARD_SEEN_SOURCES + 2000; ++i) {
    const std::string source = "10." + std::to_string(i >> 16 & 255) + "." +
                               std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    run(harness, from4(source.c_str()));
    if (i % 100 == 0) usleep(4000);  // no more than are looked at: every segment is a sample
  }
  auto sources =
      datapath::read_seen(harness.generation().kept_fd(datapath::Kept::kSeen), test_clocks());
  REQUIRE(sources);
  CHECK(sources->size() <= APIGUARD_SEEN_SOURCES);
  CHECK(sources->size() > APIGUARD_SEEN_SOURCES / 2);
  const unsigned last = APIGUARD_SEEN_SOURCES + 1999;
  const Address newest =
      address("10." + std::to_string(last >> 16) + "." + std::to_string(last >> 8 & 255) + "." +
              std::to_string(last & 255));
  CHECK(std::any_of(sources->begin(), sources->end(),
                    [&](const SeenSource& source) { return source.source == newest; }));
}

TEST_CASE("where something listens, made-up segments are not seen") {
  skip_unless_root();
  if (unshare(CLONE_NEWNET) != 0) return;
  Harness harness(policy_of(Mode::kAudit));
  run(harness, from4("192.0.2.7"));
  REQUIRE(seen(harness) == "192.0.2.7 1");  // nothing listens yet
  const int listener = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(6443);
  REQUIRE(bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) == 0);
  REQUIRE(listen(listener, 16) == 0);
  run(harness, from4("192.0.2.8"));
  run(harness, from6("2001:db8:a::8"));
  CHECK(seen(harness) == "192.0.2.7 1");
  close(listener);
}
