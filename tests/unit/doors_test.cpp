// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which doors stand open beside the endpoints, by what listens and which addresses the host has.
#include "loader/host/doors.hpp"

#include "loader/policy/text.hpp"
#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

Address address(const char* text) { return parse_prefix(text)->prefix.address; }

std::vector<Address> addresses(const std::vector<const char*>& texts) {
  std::vector<Address> all;
  for (const char* text : texts) all.push_back(address(text));
  return all;
}

std::vector<Endpoint> endpoints(const std::vector<const char*>& texts) {
  std::vector<Endpoint> all;
  for (const char* text : texts) all.push_back(*parse_endpoint(text));
  return all;
}

const std::vector<Address> kHost = addresses(
    {"127.0.0.1", "::1", "10.77.0.1", "10.77.0.100", "2001:db8::1", "fe80::1", "172.17.0.1"});
const Listener kAll{address("::"), 6443, true};

std::vector<std::string> ask(const std::vector<const char*>& texts,
                             const std::vector<Listener>& listeners, Mode mode = Mode::kEnforce) {
  return describe_doors(endpoints(texts), mode, listeners, kHost);
}

}  // namespace

TEST_CASE("a port without an address covers whatever listens there") {
  CHECK(ask({"6443"}, {kAll}).empty());
  CHECK(ask({"6443"}, {{address("0.0.0.0"), 6443, false}, {address("::"), 6443, false}}).empty());
  CHECK(ask({"10.77.0.1:6443", "6443"}, {kAll}).empty());
  CHECK(ask({"6443"}, {{address("192.0.2.9"), 6443, false}}).empty());
}

TEST_CASE("addresses that a listener answers at and no endpoint covers are named, IPv6 first") {
  const auto open = ask({"10.77.0.1:6443"}, {kAll});
  REQUIRE(open.size() == 1);
  CHECK(open.front() ==
        "endpoint port 6443: the listening process also answers at 2001:db8::1, 10.77.0.100, "
        "172.17.0.1, fe80::1, which no endpoint covers: every source gets in there; endpoints = "
        "[\"6443\"] protects them all");
  // A socket of IPv6 alone leaves IPv4 to others, and one of IPv4 leaves IPv6.
  CHECK(ask({"[2001:db8::1]:6443", "[fe80::1]:6443"}, {{address("::"), 6443, false}}).empty());
  const auto v4 = ask({"10.77.0.1:6443"}, {{address("0.0.0.0"), 6443, false}});
  REQUIRE(v4.size() == 1);
  CHECK(v4.front().find("at 10.77.0.100, 172.17.0.1, which") != std::string::npos);
  // Bound to one address.
  CHECK(ask({"10.77.0.1:6443"}, {{address("10.77.0.1"), 6443, false}}).empty());
  const auto other = ask({"10.77.0.1:6443"}, {{address("10.77.0.1"), 6443, false},
                                              {address("10.77.0.100"), 6443, false}});
  REQUIRE(other.size() == 1);
  CHECK(other.front().find("at 10.77.0.100, which") != std::string::npos);
  // The loopback is nobody's door, and another port no endpoint's.
  CHECK(ask({"10.77.0.1:6443"}, {{address("10.77.0.1"), 6443, false},
                                 {address("127.0.0.1"), 6443, false},
                                 {address("::1"), 6443, false},
                                 {address("::"), 7443, true}})
            .empty());
}

TEST_CASE("many open addresses are counted") {
  std::vector<Address> many;
  for (int i = 1; i <= 9; ++i) many.push_back(address(("192.0.2." + std::to_string(i)).c_str()));
  const auto texts = describe_doors(endpoints({"192.0.2.1:6443"}), Mode::kAudit, {kAll}, many);
  REQUIRE(texts.size() == 1);
  CHECK(texts.front().find("192.0.2.6 and 3 more, which") != std::string::npos);
}

TEST_CASE("an endpoint that no interface has, and one where nothing listens") {
  const auto absent = ask({"10.77.0.11:6443"}, {kAll});
  REQUIRE(absent.size() == 2);
  CHECK(absent.back() == "endpoint '10.77.0.11:6443': no interface has this address");
  CHECK(ask({"6443"}, {{address("::"), 7443, true}}) ==
        std::vector<std::string>{
            "endpoints 6443: nothing listens there: is this the port of the API server?"});
  CHECK(ask({"6443"}, {}, Mode::kAudit).empty());
  CHECK(ask({"6443", "8443"}, {{address("10.77.0.1"), 8443, false}}).empty());
  CHECK(ask({"10.77.0.1:6443"}, {{address("10.77.0.100"), 6443, false}}).size() == 2);
  CHECK(ask({"10.77.0.11:6443"}, {}, Mode::kOff).empty());
}
