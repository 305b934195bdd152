// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The check program gives the list's verdict on a source, names the range, and counts nothing.
#include "loader/compile/answer.hpp"
#include "loader/datapath/pins.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/random.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

apiguard_answer ask(const Harness& harness, const Address& source, const Address& destination,
                    std::uint16_t port) {
  const auto answer = datapath::ask(harness.generation().check_fd(), source, destination, port);
  if (!answer) FAIL(answer.error().message);
  return *answer;
}

Verdict verdict_of(const apiguard_answer& answer) {
  return {static_cast<apiguard_outcome>(answer.outcome),
          static_cast<apiguard_reason>(answer.reason)};
}

// What enforce would make of a SYN, whatever the mode of the policy.
Verdict wanted(Policy policy, const Address& source, const Address& destination,
               std::uint16_t port) {
  policy.mode = Mode::kEnforce;
  const Tcp syn{.dport = port};
  const bool ipv4 = source.family == Family::kIpv4;
  const Packet packet = ipv4 ? Eth() / Ipv4{.src = source, .dst = destination} / syn
                             : Eth() / Ipv6{.src = source, .dst = destination} / syn;
  return judge(policy, kNow, packet.bytes());
}

void check_source(const Policy& policy, const Harness& harness, const Address& source,
                  const Address& destination, std::uint16_t port) {
  INFO(dump(policy) << to_string(source) << " to " << to_string(destination) << " port " << port);
  const apiguard_answer answer = ask(harness, source, destination, port);
  const Verdict verdict = wanted(policy, source, destination, port);
  REQUIRE(test::to_string(verdict_of(answer)) == test::to_string(verdict));
  const SourceVerdict list = judge_source(policy, kNow, source);
  if (verdict.reason == APIGUARD_OTHER_TRAFFIC) return;
  // What has ended may be named or not: it matched, but nothing decided.
  if (verdict.reason == APIGUARD_EXPIRED && answer.has_range == 0) return;
  REQUIRE((answer.has_range != 0) == list.range.has_value());
  if (!list.range) return;
  const Range* range = range_of(answer, source, deciding_ranges(policy.ranges));
  REQUIRE(range != nullptr);
  CHECK(to_string(range->prefix) == to_string(list.range->prefix));
  CHECK((range->kind == Kind::kExcept) == (list.range->kind == Kind::kExcept));
  if (verdict.reason == APIGUARD_EXPIRED) CHECK(range->until == list.range->until);
}

Address random_destination(Random& random, const Policy& policy, Family family) {
  const Endpoint& endpoint = random.pick(policy.endpoints);
  if (endpoint.address && endpoint.address->family == family) return *endpoint.address;
  return address(family == Family::kIpv4 ? "198.51.100.9" : "2001:db8:1::9");
}

}  // namespace

TEST_CASE("check answers with the list's verdict and the range that decided", "[root]") {
  const Policy policy = table_policy(Mode::kEnforce);
  const Harness harness(policy);
  const Address api = address("198.51.100.1");
  for (const char* source :
       {"192.0.2.7", "192.0.2.200", "203.0.113.9", "198.51.100.99", "127.0.0.1"}) {
    for (const std::uint16_t port : {std::uint16_t{6443}, std::uint16_t{443}, std::uint16_t{22}}) {
      check_source(policy, harness, address(source), api, port);
      check_source(policy, harness, address(source), address("198.51.100.2"), port);
    }
  }
}

TEST_CASE("check names the entry that decides now", "[root]") {
  const Timestamp past = kNow - 1h, soon = kNow + 1h, late = kNow + 2h;
  const Policy policy = [&] {
    Policy made = table_policy(Mode::kEnforce);
    made.ranges = {allow("192.0.2.0/24"),          except("192.0.2.0/24", soon),
                   allow("203.0.113.0/24"),        except("203.0.113.0/24", past),
                   allow("198.51.100.0/24", past), except("198.51.100.0/24", past - 1ns),
                   except("198.18.0.0/15", past),  allow("198.18.0.0/15", past - 1ns),
                   except("10.0.0.0/8", late),     except("10.0.0.0/8", soon),
                   except("10.1.0.0/16", past),    allow("10.1.0.0/16", past)};
    return made;
  }();
  const Harness harness(policy);
  const auto named = [&](const char* source) {
    const apiguard_answer answer = ask(harness, address(source), address("198.51.100.1"), 6443);
    const Range* range = range_of(answer, address(source), deciding_ranges(policy.ranges));
    REQUIRE(range != nullptr);
    const auto hours = range->until ? std::to_string((*range->until - kNow) / 1h) : "for good";
    return std::string(to_string(range->kind)) + " " + to_string(range->prefix) + " " + hours;
  };
  CHECK(named("192.0.2.7") == "except 192.0.2.0/24 1");
  CHECK(named("203.0.113.7") == "allow 203.0.113.0/24 for good");
  CHECK(named("198.51.100.7") == "allow 198.51.100.0/24 -1");
  CHECK(named("198.18.0.7") == "except 198.18.0.0/15 -1");
  CHECK(named("10.2.0.1") == "except 10.0.0.0/8 2");
  CHECK(named("10.1.0.1") == "except 10.0.0.0/8 2");
}

TEST_CASE("an answer names the entry of its prefix, in the way of older programs too") {
  const std::vector<Range> list{allow("192.0.2.0/24"), except("10.0.0.0/8", kNow),
                                allow("10.0.0.0/8"), allow("10.1.0.0/16")};
  const RangeRefs ranges = deciding_ranges(list);
  const Address source = address("192.0.2.7"), ten = address("10.1.2.3");
  apiguard_answer answer{APIGUARD_PASS, APIGUARD_LISTED, APIGUARD_ANSWER_LENGTH + 24, 1};
  CHECK(range_of(answer, source, ranges) == &list[0]);
  CHECK(range_of(answer, source, {}) == nullptr);
  answer.prefix = APIGUARD_ANSWER_LENGTH + 33;
  CHECK(range_of(answer, source, ranges) == nullptr);
  answer.prefix = APIGUARD_ANSWER_LENGTH + 8;
  CHECK(range_of(answer, ten, ranges) == &list[2]);
  // By number, each prefix once.
  answer.prefix = 2;
  CHECK(range_of(answer, source, ranges) == &list[0]);
  CHECK(range_of(answer, ten, ranges) == nullptr);  // of another text
  answer.prefix = 1;
  CHECK(range_of(answer, ten, ranges) == &list[3]);
  answer.prefix = 3;
  CHECK(range_of(answer, source, ranges) == nullptr);
  answer = {APIGUARD_DROP, APIGUARD_EXPIRED, 0, 1};
  CHECK(range_of(answer, ten, ranges) == &list[1]);
  answer = {APIGUARD_DROP, APIGUARD_UNLISTED, APIGUARD_ANSWER_LENGTH + 24, 0};
  CHECK(range_of(answer, source, ranges) == nullptr);
}

TEST_CASE("check answers for the list in audit as in enforce", "[root]") {
  const Policy policy = table_policy(Mode::kAudit);
  const Harness harness(policy);
  const Address api = address("2001:db8:1::1");
  CHECK(test::to_string(verdict_of(ask(harness, address("2001:db8::1"), api, 6443))) ==
        "drop unlisted");
  CHECK(test::to_string(verdict_of(ask(harness, address("2001:db8:a::1"), api, 443))) ==
        "pass listed");
  CHECK(test::to_string(verdict_of(ask(harness, address("2001:db8:a:8000::"), api, 443))) ==
        "drop excepted");
  CHECK(test::to_string(verdict_of(ask(harness, address("2001:db8:e::"), api, 443))) ==
        "drop expired");
}

TEST_CASE("check counts nothing", "[root]") {
  Harness harness(table_policy(Mode::kEnforce));
  (void)harness.run(Bytes(Eth() / Ipv4{} / Tcp{}));
  const std::uint64_t before = harness.counted_in_kernel();
  for (int i = 0; i < 100; ++i) {
    (void)ask(harness, address("203.0.114.1"), address("198.51.100.1"), 6443);
    (void)ask(harness, address("2001:db8::1"), address("2001:db8:1::1"), 22);
  }
  CHECK(harness.counted_in_kernel() == before);
}

TEST_CASE("check agrees with the reference judge on random lists", "[root]") {
  Random random(seed_from_environment());
  for (std::size_t round = 0; round < 60; ++round) {
    Policy policy =
        random_policy(random, {.max_ranges = 200, .ends = {kNow - 2h, kNow - 1h, kNow + 1h}});
    if (policy.mode == Mode::kOff) policy.mode = Mode::kAudit;  // off loads no list to ask
    const Harness harness(policy);
    for (std::size_t i = 0; i < 500; ++i) {
      const Family family = random.percent(50) ? Family::kIpv4 : Family::kIpv6;
      const std::uint16_t port =
          random.percent(80) ? random.pick(policy.endpoints).port : random.word();
      check_source(policy, harness, random_source(random, policy, family),
                   random_destination(random, policy, family), port);
    }
  }
}
