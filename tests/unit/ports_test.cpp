// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/ports.hpp"

#include "tests/support/catch.hpp"

using namespace apiguard;

namespace {

using Ports = std::vector<std::uint16_t>;

Ports conflicts(const Ports& protected_ports, const LocalPorts& ports) {
  std::vector<Endpoint> endpoints;
  for (const std::uint16_t port : protected_ports) endpoints.push_back({std::nullopt, port});
  return ephemeral_conflicts(endpoints, ports);
}

}  // namespace

TEST_CASE("both ends of the range are inside") {
  const LocalPorts ports{32768, 60999, ""};
  CHECK(conflicts({6443}, ports).empty());
  CHECK(conflicts({32767, 61000}, ports).empty());
  CHECK(conflicts({32768}, ports) == Ports{32768});
  CHECK(conflicts({60999}, ports) == Ports{60999});
  CHECK(conflicts({65535}, {1024, 65535, ""}) == Ports{65535});
}

TEST_CASE("conflicts are ascending, each once, with or without an address") {
  std::vector<Endpoint> endpoints{{std::nullopt, 50000}, {Address{}, 40000}, {Address{}, 50000}};
  CHECK(ephemeral_conflicts(endpoints, {}) == Ports{40000, 50000});
  CHECK(ephemeral_conflicts({}, {}).empty());
}

TEST_CASE("reserved ports are no conflict") {
  const Ports ports{40000, 40001, 40002, 40003, 40004};
  CHECK(conflicts(ports, {32768, 60999, "40001"}) == Ports{40000, 40002, 40003, 40004});
  CHECK(conflicts(ports, {32768, 60999, "1,40001-40003,50000"}) == Ports{40000, 40004});
  CHECK(conflicts(ports, {32768, 60999, "1-65535"}).empty());
  CHECK(conflicts(ports, {32768, 60999, "40000-40001,40003-40004"}) == Ports{40002});
}

TEST_CASE("what does not parse reserves nothing") {
  for (const char* list :
       {"x", "40000x", "-", "40000-", "-40000", "40001-39999", ",", "400000", "4000"}) {
    CHECK(conflicts({40000}, {32768, 60999, list}) == Ports{40000});
  }
  CHECK(conflicts({40000}, {32768, 60999, "x,40000"}).empty());
}

TEST_CASE("the message keeps what is reserved already") {
  CHECK(describe_conflict(40000, {32768, 60999, ""}) ==
        "port 40000 is inside net.ipv4.ip_local_port_range (32768-60999): replies to connections "
        "that this "
        "host opens from it would be dropped; reserve it: sysctl -w "
        "net.ipv4.ip_local_reserved_ports=40000 (and the same setting in /etc/sysctl.d for the "
        "next boot)");
  CHECK(describe_conflict(40000, {1024, 65535, "6443,8000-8010"})
            .find("net.ipv4.ip_local_reserved_ports=6443,8000-8010,40000 ") != std::string::npos);
}

TEST_CASE("this host's setting is read") {
  const LocalPorts ports = read_local_ports();
  CHECK(ports.first <= ports.last);
  CHECK(ports.reserved.find('\n') == std::string::npos);
}
