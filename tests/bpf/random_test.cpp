// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Random packets under random policies: the program must agree with the reference judge on outcome
// and reason. APIGUARD_SEED repeats a run, APIGUARD_PACKETS sets its length.
#include <array>
#include <cstdio>
#include <map>

#include "loader/ledger/usage_map.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/oracle.hpp"
#include "tests/support/packet.hpp"
#include "tests/support/random.hpp"
#include "tests/support/rows.hpp"
#include "tests/support/run.hpp"

using namespace apiguard;
using namespace apiguard::test;
using datapath::ProgramKind;

namespace {

constexpr std::size_t kPackets = 1'000'000;
constexpr std::size_t kPacketsPerPolicy = 2'000;
constexpr std::size_t kMaxMismatches = 5;

struct Tally {
  std::array<std::size_t, APIGUARD_REASON_MAX> reasons{};
  std::size_t packets = 0;
  std::size_t policies = 0;
  std::size_t mismatches = 0;
  std::size_t attributed = 0;  // connections to ranges
};

using Connections = std::map<Prefix, std::uint64_t>;

// The image is compiled as of a while ago, so that some ranges have ended when it was compiled,
// some have ended since (by the kernel's clock only) and some are in force.
struct Clocks {
  Now compiled;
  std::vector<Timestamp> ends;
};

Clocks clocks() {
  Now now = test_clocks();
  const auto age = std::min<std::chrono::nanoseconds>(now.boot.time_since_epoch() / 2, 600s);
  now.wall -= age;
  now.boot -= age;
  return {now,
          {now.wall - 1h, now.wall - 1s, now.wall + age / 3, now.wall + age / 2, kNow + 1h,
           kNow + 2h, kNow + 24h}};
}

void report(const Policy& policy, const Bytes& frame, const Verdict& wanted, const Verdict& got,
            const std::string& how) {
  std::printf("mismatch (%s)\n  packet  %s\n  table   %s\n  program %s\n%s\n", how.c_str(),
              hex(frame).c_str(), test::to_string(wanted).c_str(), test::to_string(got).c_str(),
              dump(policy).c_str());
}

void compare(const Policy& policy, const Bytes& frame, const Verdict& wanted, const Verdict& got,
             const std::string& how, Tally& tally) {
  if (got == wanted) return;
  tally.mismatches += 1;
  report(policy, frame, wanted, got, how);
}

// What the map of the program says, against what was expected of each range.
void compare_used(const Policy& policy, const Harness& harness, const Connections& wanted,
                  Tally& tally) {
  const auto uses = ledger::read_hits(harness.generation().used_fd());
  if (!uses) FAIL(uses.error().message);
  Connections got;
  for (const RangeHits& use : uses->ranges) got[use.prefix] = use.connections;
  if (got == wanted) return;
  tally.mismatches += 1;
  std::printf("connections differ\n");
  for (const auto& [prefix, count] : wanted)
    std::printf("  table   %s %llu\n", to_string(prefix).c_str(),
                static_cast<unsigned long long>(count));
  for (const auto& [prefix, count] : got)
    std::printf("  program %s %llu\n", to_string(prefix).c_str(),
                static_cast<unsigned long long>(count));
  std::printf("%s\n", dump(policy).c_str());
}

void run_policy(Random& random, std::size_t packets, Tally& tally) {
  const Clocks time = clocks();
  const Policy policy = random_policy(random, {.max_ranges = 200, .ends = time.ends});
  const bool plain = random.percent(30);
  Harness harness(policy, time.compiled, plain ? ProgramKind::kPlain : ProgramKind::kProbe);
  const bool splits = kernel_takes_short_linear_part(harness);
  Connections connections;
  const auto expect_use = [&](const Bytes& frame) {
    if (const auto prefix = attribute(policy, kNow, frame)) {
      connections[*prefix] += 1;
      tally.attributed += 1;
    }
  };
  for (std::size_t i = 0; i < packets && tally.mismatches < kMaxMismatches; ++i) {
    const Bytes frame = random_frame(random, policy);
    const Verdict wanted = judge(policy, kNow, frame);
    compare(policy, frame, wanted, harness.run(frame), plain ? "plain" : "whole", tally);
    expect_use(frame);
    if (splits && random.percent(25)) {
      const auto linear =
          static_cast<std::uint32_t>(1 + random.below(std::min<std::size_t>(frame.size(), 160)));
      compare(policy, frame, wanted, harness.run(frame, linear),
              std::to_string(linear) + " bytes linear", tally);
      expect_use(frame);
    }
    tally.reasons.at(wanted.reason) += 1;
    tally.packets += 1;
  }
  compare_used(policy, harness, connections, tally);
  tally.policies += 1;
}

void print(const Tally& tally) {
  std::printf("%zu packets under %zu policies\n", tally.packets, tally.policies);
  for (std::size_t reason = 0; reason < tally.reasons.size(); ++reason) {
    std::printf("  %-15s %zu\n", test::to_string(static_cast<apiguard_reason>(reason)).c_str(),
                tally.reasons[reason]);
  }
  std::printf("  connections     %zu\n", tally.attributed);
}

}  // namespace

TEST_CASE("random packets under random policies get the table's verdict and reason", "[root]") {
  Random random(seed_from_environment());
  const std::size_t packets = packets_from_environment(kPackets);
  Tally tally;
  while (tally.packets < packets && tally.mismatches < kMaxMismatches) {
    run_policy(random, std::min(kPacketsPerPolicy, packets - tally.packets), tally);
  }
  print(tally);
  CHECK(tally.mismatches == 0);
  if (tally.packets < 100'000) return;
  for (const std::size_t seen : tally.reasons) CHECK(seen > 0);
  CHECK(tally.attributed > 0);
}
