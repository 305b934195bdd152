// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the loader says of the maps that outlive generations is what the object makes.
#include "loader/compile/compile.hpp"
#include "loader/datapath/ledger_maps.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <set>

#include "loader/ledger/kept_maps.hpp"
#include "loader/ledger/secret.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::datapath;

namespace {

Policy audit() {
  Policy policy;
  policy.mode = Mode::kAudit;
  policy.endpoints.emplace_back().port = 6443;
  return policy;
}

}  // namespace

TEST_CASE("Every map of a generation goes on with the next one", "[root]") {
  const test::Harness harness(audit());
  for (const LedgerMap kept : kLedgerMaps) {
    INFO(name_of(kept));
    CHECK(misfit(kept, harness.generation().kept_fd(kept)).value_or("") == "");
    CHECK(check_ledger_map(kept, harness.generation().kept_fd(kept), "pin"));
  }
  CHECK(misfit_usage_map(harness.generation().used_fd()).value_or("") == "");
}

TEST_CASE("No map goes on as another one", "[root]") {
  const test::Harness harness(audit());
  for (const LedgerMap kept : kLedgerMaps) {
    for (const LedgerMap other : kLedgerMaps) {
      if (kept == other) continue;
      INFO(name_of(kept) << " as " << name_of(other));
      CHECK(misfit(other, harness.generation().kept_fd(kept)));
    }
    CHECK(misfit_usage_map(harness.generation().kept_fd(kept)));
  }
}

TEST_CASE("A frozen map does not go on", "[root]") {
  const test::Harness harness(audit());
  for (const LedgerMap kept : kLedgerMaps) {
    INFO(name_of(kept));
    const int fd = harness.generation().kept_fd(kept);
    if (bpf_map_freeze(fd) != 0) continue;  // a kernel may not freeze what has a lock
    CHECK(misfit(kept, fd).value_or("") == "is read-only (frozen)");
    CHECK(check_ledger_map(kept, fd, "pin"));
  }
}

TEST_CASE("A map of denied sources without the lock does not go on", "[root]") {
  const Fd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "denied", sizeof(__u32),
                              sizeof(apiguard_denied_bucket), APIGUARD_DENIED_BUCKETS, nullptr));
  REQUIRE(map);
  CHECK(misfit(LedgerMap::kDenied, map.get()).value_or("") ==
        "holds another map (without its lock)");
}

TEST_CASE("Where there is no room, the least is loaded", "[root]") {
  const auto image = compile(audit(), 1, test::test_clocks());
  REQUIRE(image);
  LoadOptions options;
  options.lean = true;
  const auto generation = Generation::load(*image, options);
  REQUIRE(generation);
  CHECK(misfit(LedgerMap::kDenied, generation->kept_fd(LedgerMap::kDenied)));
  CHECK(misfit(LedgerMap::kSeen, generation->kept_fd(LedgerMap::kSeen)));
}

TEST_CASE("Secrets are made anew") {
  std::set<std::uint64_t> secrets;
  for (int i = 0; i < 100; ++i) secrets.insert(ledger::make_secret());
  CHECK(secrets.size() == 100);
  CHECK(!secrets.contains(0));
}
