// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which sources are remembered as denied: all of them while there are few, and under a flood those
// that come again.
#include <bpf/bpf.h>
#include <unistd.h>

#include <map>
#include <random>

#include "loader/compile/compile.hpp"
#include "loader/ledger/sources.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr std::size_t kPlaces = APIGUARD_DENIED_BUCKETS * APIGUARD_DENIED_PLACES;

std::vector<DeniedSource> denied(const Harness& harness,
                                 std::optional<std::uint64_t> since = std::nullopt) {
  auto sources = ledger::read_denied(harness.generation().kept_fd(datapath::LedgerMap::kDenied),
                                     test_clocks(), since);
  if (!sources) FAIL(sources.error().message);
  return *sources;
}

using Known = std::map<std::optional<Address>, DeniedSource>;

Known by_source(const std::vector<DeniedSource>& sources) {
  Known known;
  for (const DeniedSource& source : sources) known[source.source] = source;
  return known;
}

// What came to it; several if that is more than one source.
std::vector<DeniedSource> arrived(const Known& before, const Known& after) {
  std::vector<DeniedSource> result;
  for (const auto& [address, source] : after) {
    DeniedSource more = source;
    const auto old = before.find(address);
    if (old != before.end()) more.packets -= old->second.packets;
    if (more.packets != 0) result.push_back(more);
  }
  return result;
}

// As many times as there are frames, one after another and as fast as they go.
class Flood {
 public:
  explicit Flood(const Harness& harness)
      : filter_(harness.generation().filter_fd(datapath::AttachKind::kInterface)) {}

  void send(const Bytes& frame) const {
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.data_in = frame.data();
    options.data_size_in = static_cast<__u32>(frame.size());
    options.repeat = 1;
    if (bpf_prog_test_run_opts(filter_, &options) != 0) FAIL("test run");
  }

  // From as many addresses of 10.0.0.0/8 and beyond as there are frames.
  void random(std::size_t count) {
    Bytes frame = Packet(Eth() / Ipv4{} / Tcp{.dport = 6443});
    for (std::size_t i = 0; i < count; ++i) {
      const auto source = static_cast<std::uint32_t>(random_()) | 0x80000000U;
      for (int byte = 0; byte < 4; ++byte)
        frame[26 + static_cast<std::size_t>(byte)] =
            static_cast<std::uint8_t>(source >> (24 - 8 * byte));
      send(frame);
    }
  }

 private:
  int filter_;
  std::mt19937 random_{7};
};

Packet syn(const Address& source) {
  if (source.family == Family::kIpv4) return Eth() / Ipv4{.src = source} / Tcp{.dport = 6443};
  return Eth() / Ipv6{.src = source} / Tcp{.dport = 6443};
}

Policy lists_nobody_else(Mode mode = Mode::kEnforce) {
  Policy policy = table_policy(mode);
  policy.ranges = {allow("198.18.0.0/15")};
  return policy;
}

}  // namespace

TEST_CASE("every packet that is dropped is remembered with its reason, and no other", "[root]") {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit}) {
    Harness harness(table_policy(mode));
    Known before;
    for (const Row& row : rows()) {
      for (const Source source : kSources) {
        INFO(describe(row, source, mode));
        const Bytes frame = frame_of(row, source);
        if (frame.size() < 14) continue;
        const Verdict verdict = expected(row, source, mode);
        (void)harness.run(frame);
        Known after = by_source(denied(harness));
        const auto more = arrived(before, after);
        before = std::move(after);
        if (verdict.outcome == APIGUARD_PASS) {
          REQUIRE(more.empty());
          continue;
        }
        REQUIRE(more.size() == 1);
        CHECK(more[0].packets == 1);
        CHECK(more[0].outcome == verdict.outcome);
        CHECK(more[0].reason == verdict.reason);
        CHECK(more[0].source.has_value() == (verdict.reason != APIGUARD_VLAN_DEPTH));
      }
    }
  }
}

TEST_CASE("a source is who sent it, first and last are when", "[root]") {
  Harness harness(lists_nobody_else());
  const Timestamp begin = test_clocks().wall;
  for (const char* source : {"192.0.2.7", "2001:db8:a::7", "192.0.2.7", "192.0.2.8"})
    (void)harness.run(Bytes(syn(address(source))));
  const Known known = by_source(denied(harness));
  REQUIRE(known.size() == 3);
  CHECK(known.at(address("192.0.2.7")).packets == 2);
  CHECK(known.at(address("192.0.2.8")).packets == 1);
  CHECK(known.at(address("2001:db8:a::7")).packets == 1);
  const DeniedSource& twice = known.at(address("192.0.2.7"));
  CHECK(twice.first <= twice.last);
  // A tick of the kernel's clock is at most 10 ms.
  CHECK(twice.first >= begin - 100ms - 1h);
  CHECK(twice.last <= test_clocks().wall);
}

TEST_CASE("mode off remembers nobody", "[root]") {
  Harness harness(lists_nobody_else(Mode::kOff));
  (void)harness.run(Bytes(syn(address("192.0.2.7"))));
  CHECK(denied(harness).empty());
}

TEST_CASE("a stubborn source among a million random ones is found", "[root]") {
  Harness harness(lists_nobody_else());
  Flood flood(harness);
  const Address stubborn = address("192.0.2.7");
  const Bytes frame = syn(stubborn);
  constexpr std::size_t kTimes = 500;
  for (std::size_t i = 0; i < kTimes; ++i) {
    flood.random(2000);
    flood.send(frame);
  }
  const auto sources = denied(harness);
  REQUIRE(sources.size() <= kPlaces);
  CHECK(sources.at(0).source == stubborn);
  CHECK(sources.at(0).packets >
        kTimes / 3);  // what a tick begins with is lost: fewer on a busy host
  CHECK(sources.at(0).packets < kTimes * 2);
  CHECK(sources.at(0).reason == APIGUARD_UNLISTED);
  // Nothing is lost of the whole but what a tick begins with.
  std::uint64_t sum = 0;
  for (const DeniedSource& source : sources) sum += source.packets;
  CHECK(sum <= 1'000'500 + 1'000'500 / 10);
}

TEST_CASE("whoever came several times before a flood is still there after it", "[root]") {
  Harness harness(lists_nobody_else());
  std::vector<Address> sources;
  for (int i = 1; i <= 100; ++i) sources.push_back(address("192.0.2." + std::to_string(i)));
  for (int round = 0; round < 5; ++round) {
    for (const Address& source : sources) {
      (void)harness.run(Bytes(syn(source)));
      usleep(100);  // no flood yet: every packet is a sample
    }
  }
  Flood(harness).random(400'000);
  const Known known = by_source(denied(harness));
  std::size_t kept = 0;
  for (const Address& source : sources) {
    const auto found = known.find(source);
    if (found != known.end() && found->second.packets == 5) ++kept;
  }
  CHECK(kept == sources.size());
}

TEST_CASE("counts of another mode do not mix, and a source stands there once", "[root]") {
  Policy policy = lists_nobody_else();
  auto image = compile(policy, 1, test_clocks());
  REQUIRE(image);
  image->settings.since = 1;
  auto first = datapath::Generation::load(*image, {});
  REQUIRE(first);
  datapath::LedgerMaps kept;
  for (const datapath::LedgerMap map : datapath::kLedgerMaps)
    kept.maps[static_cast<std::size_t>(map)] = Fd(dup(first->kept_fd(map)));
  Harness enforce(std::move(*first));
  policy.mode = Mode::kAudit;
  auto second = compile(policy, 2, test_clocks());
  REQUIRE(second);
  second->settings.since = 2;
  datapath::LoadOptions options;
  options.kept = &kept;
  auto generation = datapath::Generation::load(*second, options);
  REQUIRE(generation);

  const Bytes frame = syn(address("192.0.2.7"));
  (void)enforce.run(frame);
  (void)enforce.run(frame);
  Harness audit(std::move(*generation));  // which counts on from there
  REQUIRE(audit.run(frame).outcome == APIGUARD_WOULD_DROP);
  REQUIRE(denied(audit, 1).size() == 1);
  CHECK(denied(audit, 1)[0].packets == 2);
  REQUIRE(denied(audit, 2).size() == 1);
  CHECK(denied(audit, 2)[0].packets == 1);
  CHECK(denied(audit, 2)[0].outcome == APIGUARD_WOULD_DROP);
  REQUIRE(denied(audit).size() == 1);
  CHECK(denied(audit)[0].packets == 3);
}

TEST_CASE("whoever is listed is not among them", "[root]") {
  Harness harness(lists_nobody_else());
  for (int i = 0; i < 100; ++i) (void)harness.run(Bytes(syn(address("198.18.0.7"))));
  CHECK(denied(harness).empty());
}
