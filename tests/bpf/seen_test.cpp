// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Audit: whose connections are seen, and what is remembered of those who have none. In a network
// namespace of the test's own, where every address is local, so that a socket can have any peer.
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "loader/ledger/sources.hpp"
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
constexpr std::uint8_t kFinAck = 0x11;
constexpr std::uint8_t kSynAck = 0x12;
constexpr std::uint8_t kRst = 0x04;
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

Policy policy_of(Mode mode) {
  Policy policy;
  policy.mode = mode;
  policy.endpoints = {endpoint(6443)};
  policy.ranges = {allow("203.0.113.0/24")};
  return policy;
}

std::string seen(const Harness& harness) {
  auto sources = ledger::read_audit_sources(
      harness.generation().kept_fd(datapath::LedgerMap::kSeen), test_clocks());
  if (!sources) FAIL(sources.error().message);
  std::string text;
  for (const AuditSource& source : *sources) {
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

std::vector<UnprovenSource> unproven(const Harness& harness) {
  auto sources = ledger::read_unproven(harness.generation().kept_fd(datapath::LedgerMap::kUnproven),
                                       test_clocks());
  if (!sources) FAIL(sources.error().message);
  return *sources;
}

// "192.0.2.7 3/1": packets and those with payload.
std::string unproven_text(const Harness& harness) {
  std::string text;
  for (const UnprovenSource& source : unproven(harness)) {
    if (!text.empty()) text += ", ";
    text += to_string(source.source) + " " + std::to_string(source.packets) + "/" +
            std::to_string(source.payloads);
  }
  return text;
}

sockaddr_in6 socket_address(const std::string& text, std::uint16_t port) {
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = htons(port);
  const std::string mapped = text.find(':') == std::string::npos ? "::ffff:" + text : text;
  REQUIRE(inet_pton(AF_INET6, mapped.c_str(), &to.sin6_addr) == 1);
  return to;
}

// Something that listens on port 6443 of every address, and connections to it.
class Host {
 public:
  Host() {
    REQUIRE(unshare(CLONE_NEWNET) == 0);
    REQUIRE(std::system("ip link set lo up && ip route add local 0.0.0.0/0 dev lo && "
                        "ip -6 route add local ::/0 dev lo") == 0);
    listener_ = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind_to(listener_, "::", 6443);
    REQUIRE(listen(listener_, 64) == 0);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() {
    for (const int fd : fds_) close(fd);
    close(listener_);
  }

  void connect_from(const char* source, std::uint16_t sport = 40000,
                    const char* to = "198.51.100.1") {
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fds_.push_back(fd);
    bind_to(fd, source, sport);
    const sockaddr_in6 server = socket_address(to, 6443);
    REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) == 0);
    fds_.push_back(accept(listener_, nullptr, nullptr));
    REQUIRE(fds_.back() >= 0);
  }

 private:
  static void bind_to(int fd, const char* address, std::uint16_t port) {
    constexpr int kYes = 1;
    REQUIRE(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &kYes, sizeof(kYes));
    setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &kYes, sizeof(kYes));
    setsockopt(fd, SOL_IP, IP_FREEBIND, &kYes, sizeof(kYes));
    const sockaddr_in6 at = socket_address(address, port);
    REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0);
  }

  int listener_ = -1;
  std::vector<int> fds_;
};

constexpr const char* kServer6 = "2001:db8:1::1";

}  // namespace

TEST_CASE("a source is seen with a segment of a connection that a socket has", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  run(harness, from4("192.0.2.7", {.flags = kSyn, .payload = 0}));
  run(harness, from4("192.0.2.7", {.flags = kAck, .payload = 0}));
  run(harness, from4("192.0.2.8", {.flags = kSyn}));  // data in a SYN proves nothing
  run(harness, from4("192.0.2.9"));                   // nor does data of nothing
  run(harness, from6("2001:db8:a::9"));
  CHECK(seen(harness).empty());
  CHECK(unproven_text(harness) == "192.0.2.7 2/0, 192.0.2.8 1/0, 192.0.2.9 1/1, 2001:db8:a::9 1/1");
  host.connect_from("192.0.2.7");
  host.connect_from("2001:db8:a::7", 40000, kServer6);
  run(harness, from4("192.0.2.7", {.flags = kAck, .payload = 0}));
  run(harness, from6("2001:db8:a::7", {.flags = kAck, .payload = 0}));
  CHECK(seen(harness) == "192.0.2.7 1, 2001:db8:a::7 1");
  CHECK(unproven_text(harness) == "192.0.2.8 1/0, 192.0.2.9 1/1, 2001:db8:a::9 1/1");
}

TEST_CASE("who closes without a byte is seen, by FIN or by RST", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  host.connect_from("192.0.2.7");
  host.connect_from("192.0.2.8");
  run(harness, from4("192.0.2.7", {.flags = kFinAck, .payload = 0}));
  run(harness, from4("192.0.2.8", {.flags = kRst, .payload = 0}));
  run(harness, from4("192.0.2.9", {.flags = kFinAck, .payload = 0}));
  run(harness, from4("192.0.2.10", {.flags = kRst, .payload = 0}));
  CHECK(seen(harness) == "192.0.2.7 1, 192.0.2.8 1");
}

TEST_CASE("neither a SYN nor a SYN with ACK proves anything, whatever socket there is", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  host.connect_from("192.0.2.7");
  run(harness, from4("192.0.2.7", {.flags = kSyn, .payload = 0}));
  run(harness, from4("192.0.2.7", {.flags = kSynAck, .payload = 0}));
  run(harness, from4("192.0.2.7", {.sport = 40001, .flags = kAck, .payload = 0}));
  CHECK(seen(harness).empty());
}

TEST_CASE("padding of short frames is no payload", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  Bytes frame = from4("192.0.2.7", {.flags = kAck, .payload = 0});
  frame.resize(60);
  run(harness, frame);
  CHECK(unproven_text(harness).empty());  // an ACK of nothing, which anybody can make up
}

TEST_CASE("listed sources are seen as well", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  host.connect_from("203.0.113.7");
  host.connect_from("192.0.2.7");
  run(harness, from4("203.0.113.7"));
  run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 1, 203.0.113.7 1");
}

TEST_CASE("a connection is counted once, and a port pair again after a new SYN", "[root]") {
  Host host;
  Harness harness(policy_of(Mode::kAudit));
  host.connect_from("192.0.2.7");
  host.connect_from("192.0.2.7", 40001);
  for (int i = 0; i < 5; ++i) run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 1");
  run(harness, from4("192.0.2.7", {.sport = 40001}));
  CHECK(seen(harness) == "192.0.2.7 2");
  run(harness, from4("192.0.2.7", {.flags = kSyn, .payload = 0}));
  run(harness, from4("192.0.2.7"));
  CHECK(seen(harness) == "192.0.2.7 3");
  CHECK(unproven_text(harness).empty());
}

TEST_CASE("tags, options and extension headers do not hide a source", "[root]") {
  Host host;
  for (const char* source : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) host.connect_from(source);
  host.connect_from("2001:db8:a::1", 40000, kServer6);
  Harness harness(policy_of(Mode::kAudit));
  const Tcp tcp{.sport = 40000, .dport = 6443, .flags = kPushAck};
  run(harness, Bytes(Eth() / Vlan{} / Ipv4{.src = "192.0.2.1"} / tcp / Raw{Bytes(3)}));
  run(harness, Bytes(Eth() / Vlan{} / Vlan{} / Ipv4{.src = "192.0.2.2"} / tcp / Raw{Bytes(3)}));
  run(harness,
      Bytes(Eth() / Ipv4{.src = "192.0.2.3", .options = Bytes(8, 1)} / tcp / Raw{Bytes(3)}));
  run(harness, Bytes(Eth() / Ipv6{.src = "2001:db8:a::1"} / HopByHop{} / tcp / Raw{Bytes(3)}));
  CHECK(seen(harness) == "192.0.2.1 1, 192.0.2.2 1, 192.0.2.3 1, 2001:db8:a::1 1");
}

TEST_CASE("other ports and other modes see nobody", "[root]") {
  Host host;
  host.connect_from("192.0.2.7");
  host.connect_from("203.0.113.7");
  Harness audit(policy_of(Mode::kAudit));
  run(audit, from4("192.0.2.7", {.dport = 22}));
  CHECK(seen(audit).empty());
  CHECK(unproven_text(audit).empty());
  Harness enforce(policy_of(Mode::kEnforce));
  run(enforce, from4("192.0.2.7"));
  run(enforce, from4("203.0.113.7"));
  CHECK(seen(enforce).empty());
  CHECK(unproven_text(enforce).empty());
}

TEST_CASE("more sources than there is room for push out old ones, not new ones", "[root]") {
  Harness harness(policy_of(Mode::kAudit));
  for (unsigned i = 0; i < APIGUARD_UNPROVEN_SOURCES + 2000; ++i) {
    const std::string source = "10." + std::to_string(i >> 16 & 255) + "." +
                               std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255);
    run(harness, from4(source.c_str()));
    if (i % 100 == 0) usleep(4000);  // no more than are looked at: every segment is a sample
  }
  const auto sources = unproven(harness);
  CHECK(sources.size() <= APIGUARD_UNPROVEN_SOURCES);
  CHECK(sources.size() > APIGUARD_UNPROVEN_SOURCES / 2);
  const unsigned last = APIGUARD_UNPROVEN_SOURCES + 1999;
  const Address newest =
      address("10." + std::to_string(last >> 16) + "." + std::to_string(last >> 8 & 255) + "." +
              std::to_string(last & 255));
  CHECK(std::any_of(sources.begin(), sources.end(),
                    [&](const UnprovenSource& source) { return source.source == newest; }));
}

TEST_CASE("openings at even distances are a rhythm, in which one may be missing", "[root]") {
  Harness harness(policy_of(Mode::kAudit));
  const auto opens = [&](std::uint16_t sport) {
    run(harness, from4("192.0.2.7", {.sport = sport, .flags = kSyn, .payload = 0}));
  };
  constexpr useconds_t kGap = 400'000;
  const auto rhythm = [&] {
    const auto sources = unproven(harness);
    REQUIRE(sources.size() == 1);
    REQUIRE(sources[0].rhythm);
    return *sources[0].rhythm;
  };
  opens(1);
  opens(2);  // together with the first
  CHECK(rhythm().beats == 0);
  for (const unsigned gaps : {1U, 1U, 2U, 1U}) {
    usleep(gaps * kGap);
    opens(3);
  }
  CHECK(rhythm().beats == 4);
  CHECK(rhythm().gap > kGap * 1us * 8 / 10);
  CHECK(rhythm().gap < kGap * 1us * 12 / 10);
  CHECK(rhythm().last - rhythm().since >= kGap * 1us * 5);
  usleep(kGap * 5);
  opens(4);
  CHECK(rhythm().beats == 1);
}
