// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/leases.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "tests/bench/command.hpp"
#include "tests/bench/lists.hpp"
#include "tests/bench/peers.hpp"
#include "tests/bench/stage.hpp"
#include "tests/bench/verbs.hpp"

namespace apiguard::bench {
namespace {

constexpr int kAtOnce = 60;

// Addresses of 198.18.0.0/15, which no random list holds on purpose: a block for each run.
Command lease(int run, int number) {
  return {"lease",  fmt::format("198.18.{}.{}", run, number), "--for", "1h",
          "--name", fmt::format("node-{}-{}", run, number)};
}
Command allow(int run, int number) {
  return {"allow", fmt::format("198.19.{}.{}/32", run, number), "--for", "1h", "--accept-risk",
          "all"};
}

Json measure(const Options& options, const std::string& folder, std::size_t ranges) {
  const auto command = [&](const Command& verb) { return apiguard_command(options, folder, verb); };
  const auto timed = [&](const Command& verb) {
    settle();
    return milli(must_run(command(verb)).seconds);
  };
  write_apiguard(folder + "/etc", "gate0", disjoint_list4(ranges));
  must_run(command({"apply", "--accept-risk", "all"}));
  Json row{{"ranges", ranges}, {"at_once", kAtOnce}};
  for (int number = 1; number <= options.runs; ++number) {
    row["lease_ms"].push_back(timed(lease(0, number)));
    row["allow_ms"].push_back(timed(allow(0, number)));
  }
  for (int run = 1; run <= options.loads; ++run) {
    const auto many = [&](Command (*verb)(int, int)) {
      settle();
      return milli(at_once(kAtOnce, [&](int number) { return command(verb(run, number)); }));
    };
    row["leases_at_once_ms"].push_back(many(lease));
    row["allows_at_once_ms"].push_back(many(allow));
  }
  remove_apiguard(options, folder);
  return row;
}

}  // namespace

Json measure_leases(const Options& options, const std::string& folder) {
  const Pair pair(0);
  Json result;
  for (const std::size_t ranges : options.lease_lists) {
    std::fprintf(stderr, "leases: %zu ranges\n", ranges);
    result["lists"].push_back(measure(options, folder, ranges));
  }
  pair.remove();
  return result;
}

}  // namespace apiguard::bench
