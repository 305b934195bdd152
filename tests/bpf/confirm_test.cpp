// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A generation that waits for its confirmation judges until its deadline; past it the one before it
// does, and where that one did not run everything passes. Every packet is counted once.
#include <fcntl.h>

#include "loader/compile/compile.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;

namespace {

constexpr int kTestRunInterface = 1;  // BPF_PROG_TEST_RUN takes the loopback for its interface

Policy lists(const char* cidr) {
  Policy policy = table_policy(Mode::kEnforce);
  policy.ranges = {allow(cidr)};
  return policy;
}

datapath::Generation load(const Policy& policy, const datapath::LoadOptions& options) {
  auto image = compile(policy, 2, test_clocks());
  REQUIRE(image);
  auto generation = datapath::Generation::load(*image, options);
  if (!generation) FAIL(generation.error().message);
  return std::move(*generation);
}

// The old list has 192.0.2.0/24, the new one 203.0.113.0/24.
struct Pair {
  Harness before{lists("192.0.2.0/24")};
  Harness after;

  explicit Pair(const std::vector<int>& joined = {}, bool first = false)
      : after(make(joined, first)) {}

  datapath::Generation make(const std::vector<int>& joined, bool first) const {
    datapath::Fallback fallback;
    fallback.which.generation = first ? 0 : 1;
    if (!first) fallback.filter_fds = before.generation().filter_fds();
    for (const int ifindex : joined) fallback.joined.push_back(datapath::interface_point(ifindex));
    datapath::LedgerMaps kept;
    for (const datapath::LedgerMap map : datapath::kLedgerMaps) {
      kept.maps[static_cast<std::size_t>(map)] =
          Fd(fcntl(before.generation().kept_fd(map), F_DUPFD_CLOEXEC, 0));
    }
    datapath::LoadOptions options;
    options.kind = before.frags() ? datapath::ProgramKind::kFrags : datapath::ProgramKind::kPlain;
    options.kept = &kept;
    options.fallback = &fallback;
    return load(lists("203.0.113.0/24"), options);
  }

  std::string verdict(const char* source) {
    const Packet syn =
        Eth() / Ipv4{.src = address(source), .dst = address("198.51.100.1")} / Tcp{.dport = 6443};
    return test::to_string(after.run(syn.bytes()));
  }
};

BootTime now() { return test_clocks().boot; }
constexpr auto kLong = 1h;

std::string pass(apiguard_reason reason) { return test::to_string(Verdict{APIGUARD_PASS, reason}); }
std::string drop(apiguard_reason reason) { return test::to_string(Verdict{APIGUARD_DROP, reason}); }

}  // namespace

TEST_CASE("before its deadline the new list judges, past it the old one", "[root]") {
  Pair pair;
  const std::string yes = pass(APIGUARD_LISTED);
  const std::string no = drop(APIGUARD_UNLISTED);
  CHECK(pair.after.generation().unconfirmed());
  CHECK(pair.verdict("203.0.113.9") == yes);
  REQUIRE(pair.after.generation().set_deadline(now() + kLong));
  CHECK(pair.verdict("203.0.113.9") == yes);
  CHECK(pair.verdict("192.0.2.9") == no);
  REQUIRE(pair.after.generation().set_deadline(now()));
  CHECK(pair.verdict("203.0.113.9") == no);
  CHECK(pair.verdict("192.0.2.9") == yes);
  REQUIRE(pair.after.generation().set_deadline(BootTime()));  // confirmed
  CHECK(pair.verdict("203.0.113.9") == yes);
}

TEST_CASE("an interface that joined passes everything past the deadline", "[root]") {
  Pair pair({kTestRunInterface, 4711});
  REQUIRE(pair.after.generation().set_deadline(now() + kLong));
  CHECK(pair.verdict("192.0.2.9") == drop(APIGUARD_UNLISTED));
  REQUIRE(pair.after.generation().set_deadline(now()));
  CHECK(pair.verdict("192.0.2.9") == pass(APIGUARD_OFF));
  CHECK(pair.verdict("198.18.0.1") == pass(APIGUARD_OFF));
}

TEST_CASE("where another interface joined, this one goes back", "[root]") {
  Pair pair({4711});
  REQUIRE(pair.after.generation().set_deadline(now()));
  CHECK(pair.verdict("192.0.2.9") == pass(APIGUARD_LISTED));
}

TEST_CASE("with nothing before it everything passes past the deadline", "[root]") {
  Pair pair({}, true);
  REQUIRE(pair.after.generation().set_deadline(now()));
  CHECK(pair.verdict("192.0.2.9") == pass(APIGUARD_OFF));
}
