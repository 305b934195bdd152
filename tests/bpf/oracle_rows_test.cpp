// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The reference judge against the table and against lists written out by hand. Needs no privilege.
#include <algorithm>

#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

std::string verdict_on(const std::vector<Range>& ranges, const Address& source) {
  Policy policy;
  policy.endpoints = {endpoint(6443)};
  policy.ranges = ranges;
  return test::to_string(judge_source(policy, kNow, source).reason);
}

}  // namespace

TEST_CASE("every row of the table holds for every source in every mode") {
  for (const Mode mode : {Mode::kEnforce, Mode::kAudit, Mode::kOff}) {
    const Policy policy = table_policy(mode);
    for (const Row& row : rows()) {
      for (const Source source : kSources) {
        INFO(describe(row, source, mode));
        CHECK(test::to_string(judge(policy, kNow, frame_of(row, source))) ==
              test::to_string(expected(row, source, mode)));
      }
    }
  }
}

TEST_CASE("every reason and every row number has its packet") {
  std::vector<int> seen(APIGUARD_REASON_MAX);
  std::vector<std::string> numbers;
  for (const Row& row : rows()) {
    seen.at(row.reason) += 1;
    if (numbers.empty() || numbers.back() != row.row) numbers.push_back(row.row);
  }
  for (const int reason :
       {APIGUARD_NOT_IP, APIGUARD_VLAN_DEPTH, APIGUARD_MALFORMED, APIGUARD_LATER_FRAGMENT,
        APIGUARD_SHORT_TCP, APIGUARD_OTHER_TRAFFIC, APIGUARD_EXT_CHAIN, APIGUARD_UNLISTED}) {
    CHECK(seen[static_cast<std::size_t>(reason)] >= 4);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  CHECK(numbers == std::vector<std::string>{"1",  "10",  "11",  "12",  "13", "13a", "13b", "14",
                                            "15", "15a", "15b", "15c", "16", "17",  "18",  "19",
                                            "2",  "3",   "4",   "5",   "6",  "7",   "8",   "9"});
}

TEST_CASE("frames shorter than an Ethernet header are not IP") {
  const Bytes frame = Eth() / Ipv4{} / Tcp{};
  for (std::size_t length = 0; length < 14; ++length) {
    CHECK(judge(table_policy(Mode::kEnforce), kNow, cut(frame, length)) ==
          Verdict{APIGUARD_PASS, APIGUARD_NOT_IP});
  }
}

TEST_CASE("the longest match decides") {
  const std::vector<Range> ranges{allow("192.0.2.0/24"), except("192.0.2.0/25"),
                                  allow("192.0.2.64/26"), except("192.0.2.65/32")};
  CHECK(verdict_on(ranges, address("192.0.2.200")) == "listed");
  CHECK(verdict_on(ranges, address("192.0.2.1")) == "excepted");
  CHECK(verdict_on(ranges, address("192.0.2.64")) == "listed");
  CHECK(verdict_on(ranges, address("192.0.2.65")) == "excepted");
  CHECK(verdict_on(ranges, address("192.0.3.0")) == "unlisted");
  CHECK(verdict_on(ranges, address("192.0.1.255")) == "unlisted");
}

TEST_CASE("a range of length 0 covers its own family only") {
  CHECK(verdict_on({allow("0.0.0.0/0")}, address("203.0.113.1")) == "listed");
  CHECK(verdict_on({allow("0.0.0.0/0")}, address("2001:db8::1")) == "unlisted");
  CHECK(verdict_on({allow("::/0")}, address("2001:db8::1")) == "listed");
  CHECK(verdict_on({allow("::/0")}, address("203.0.113.1")) == "unlisted");
  CHECK(verdict_on({allow("c000:200::/32")}, address("192.0.2.0")) == "unlisted");
}

TEST_CASE("except wins over allow of the same prefix, in either order") {
  CHECK(verdict_on({allow("192.0.2.0/24"), except("192.0.2.0/24")}, address("192.0.2.1")) ==
        "excepted");
  CHECK(verdict_on({except("192.0.2.0/24"), allow("192.0.2.0/24")}, address("192.0.2.1")) ==
        "excepted");
}

TEST_CASE("cluster ranges are listed") {
  CHECK(verdict_on({cluster("192.0.2.0/24")}, address("192.0.2.1")) == "listed");
}

TEST_CASE("a range ends at its very moment and what covers it decides") {
  const Address source = address("192.0.2.1");
  CHECK(verdict_on({allow("192.0.2.0/24", kNow + 1ns)}, source) == "listed");
  CHECK(verdict_on({allow("192.0.2.0/24", kNow)}, source) == "expired");
  CHECK(verdict_on({allow("192.0.2.1/32", kNow), allow("192.0.2.0/24")}, source) == "listed");
  CHECK(verdict_on({allow("192.0.2.1/32", kNow), except("192.0.2.0/24")}, source) == "excepted");
  CHECK(verdict_on({except("192.0.2.1/32", kNow), allow("192.0.2.0/24")}, source) == "listed");
  CHECK(verdict_on({allow("192.0.2.1/32", kNow), allow("192.0.2.0/24", kNow)}, source) ==
        "expired");
  CHECK(verdict_on({allow("192.0.2.2/32", kNow)}, source) == "unlisted");
  CHECK(verdict_on({except("192.0.2.1/32", kNow)}, source) == "expired");
}

TEST_CASE("of one prefix a live except speaks, then a live allow") {
  const Address source = address("192.0.2.1");
  const char* const one = "192.0.2.0/24";
  CHECK(verdict_on({allow(one), except(one, kNow + 1ns)}, source) == "excepted");
  CHECK(verdict_on({allow(one), except(one, kNow)}, source) == "listed");
  CHECK(verdict_on({except(one, kNow), except(one, kNow + 1ns), allow(one)}, source) == "excepted");
  CHECK(verdict_on({allow(one, kNow), except(one, kNow), allow("192.0.0.0/16")}, source) ==
        "listed");
  CHECK(verdict_on({allow(one, kNow), except(one, kNow)}, source) == "expired");
  CHECK(verdict_on({cluster(one), except(one, kNow)}, source) == "listed");
}

TEST_CASE("of two allows of one prefix the one that ends last counts") {
  const Address source = address("192.0.2.1");
  CHECK(verdict_on({allow("192.0.2.0/24", kNow), allow("192.0.2.0/24")}, source) == "listed");
  CHECK(verdict_on({allow("192.0.2.0/24", kNow + 1ns), allow("192.0.2.0/24", kNow)}, source) ==
        "listed");
}

TEST_CASE("an endpoint is bound to its address and to its family") {
  Policy policy = table_policy(Mode::kEnforce);
  policy.endpoints = {endpoint("198.51.100.1", 6443)};
  const Verdict drops{APIGUARD_DROP, APIGUARD_UNLISTED};
  const Verdict passes{APIGUARD_PASS, APIGUARD_OTHER_TRAFFIC};
  const Ipv4 from{.src = "203.0.114.1"};
  CHECK(judge(policy, kNow, Bytes(Eth() / from / Tcp{})) == drops);
  CHECK(judge(policy, kNow, Bytes(Eth() / Ipv4{.dst = "198.51.100.2"} / Tcp{})) == passes);
  CHECK(judge(policy, kNow, Bytes(Eth() / Ipv6{.src = "2001:db8::"} / Tcp{})) == passes);
}
