// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/load.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <thread>

#include "tests/bench/command.hpp"
#include "tests/bench/lists.hpp"
#include "tests/bench/memory.hpp"
#include "tests/bench/peers.hpp"
#include "tests/bench/spin.hpp"
#include "tests/bench/stage.hpp"
#include "tests/bench/verbs.hpp"

namespace apiguard::bench {
namespace {

// What one filter needs to be measured.
struct Subject {
  std::string name;
  Command load;
  std::function<Command(int)> one_more;  // adds the n-th of addresses that no list holds
  std::function<void()> unload;
};

// 192.0.2.0/24 is for documentation; where a random range holds it the change is the same.
std::string address(int number) { return "192.0.2." + std::to_string(number); }

Subject apiguard(const Options& options, const std::string& folder, const List& list) {
  write_apiguard(folder + "/etc", "gate0", list);
  const auto command = [=](const Command& verb) { return apiguard_command(options, folder, verb); };
  return {"apiguard", command({"apply", "--accept-risk", "all"}),
          [=](int number) {
            return command({"allow", address(number) + "/32", "--accept-risk", "all"});
          },
          [=] { remove_apiguard(options, folder); }};
}

Subject nftables(const std::string& folder, const List& list) {
  return {"nftables",
          {"nft", "-f", write_nft(folder, "gate0", list)},
          [](int number) {
            return Command{"nft",        "add", "element",       "netdev", "gate0",
                           "authorized", "{",   address(number), "}"};
          },
          [] { remove_nft("gate0"); }};
}

Subject ipset(const std::string& folder, const List& list) {
  return {"ipset",
          {"ipset", "restore", "-file", write_ipset(folder, list)},
          [](int number) {
            return Command{"ipset", "add", kSet, address(number)};
          },
          remove_ipset};
}

Outcome timed(const Command& command) {
  forget_peak();
  return must_run(command);
}

// Loaded as often as asked for, the last time left in force.
Json load(const Subject& subject, int times) {
  Json result;
  for (int i = 0; i < times; ++i) {
    if (i > 0) subject.unload();
    settle();
    const std::int64_t before = kernel_bytes();
    const Outcome outcome = timed(subject.load);
    settle();
    result["milliseconds"].push_back(milli(outcome.seconds));
    result["user_ms"].push_back(milli(outcome.user_seconds));
    result["system_ms"].push_back(milli(outcome.system_seconds));
    result["peak_kib"].push_back(outcome.peak_kib);
    result["kernel_bytes"].push_back(kernel_bytes() - before);
  }
  return result;
}

// An address that was there before is no change: what the peers say to that is no failure either.
Json one_more(const Subject& subject, int times) {
  Json milliseconds;
  for (int i = 0; i < times; ++i) {
    const Outcome outcome = run(subject.one_more(i + 1));
    if (outcome.status == 0) milliseconds.push_back(milli(outcome.seconds));
    settle();
  }
  return milliseconds;
}

// While one change is made, and in the seconds after it in which the list before is let go of.
Json freeing(const Subject& subject, std::size_t ranges) {
  const auto watched = [](const std::function<void()>& change) {
    Spinners spinners;
    change();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    settle();
    return std::round(spinners.stop() * 100) / 100;
  };
  const double idle = watched([] {});
  const double busy = watched([&] { must_run(subject.one_more(250)); });
  return {{"ranges", ranges}, {"longest_gap_ms", busy}, {"longest_gap_idle_ms", idle}};
}

// One after the other, and as many verbs started at once: from the first start to the last answer.
constexpr int kAtOnce = 60;
constexpr std::size_t kManyInto = 10'000;  // ranges

Json many_at_once(const Options& options, const std::string& folder, std::size_t ranges) {
  using std::chrono::steady_clock;
  const auto except = [&](int third, int number) {
    return apiguard_command(
        options, folder,
        {"except", "198.51." + std::to_string(third) + "." + std::to_string(number) + "/32",
         "--for", "1h", "--accept-risk", "all"});
  };
  const auto in_turn_from = steady_clock::now();
  for (int number = 1; number <= kAtOnce; ++number) must_run(except(100, number));
  const double in_turn = std::chrono::duration<double>(steady_clock::now() - in_turn_from).count();
  settle();
  const double together = at_once(kAtOnce, [&](int number) { return except(101, number); });
  return {{"ranges", ranges},
          {"changes", kAtOnce},
          {"milliseconds", milli(together)},
          {"in_turn_ms", milli(in_turn)}};
}

// The list itself is gone before anything is timed: memory of ours would count as a child's.
std::vector<Subject> subjects(const Options& options, const std::string& folder,
                              std::size_t count) {
  const List list = disjoint_list4(count);
  return {apiguard(options, folder, list), nftables(folder, list), ipset(folder, list)};
}

}  // namespace

Json measure_load(const Options& options, const std::string& folder) {
  const Pair pair(0);
  Json result;
  for (const std::size_t count : options.load_lists) {
    std::fprintf(stderr, "load: %zu ranges\n", count);
    Json row{{"ranges", count}};
    for (const Subject& subject : subjects(options, folder, count)) {
      row[subject.name] = load(subject, options.loads);
      if (subject.name == "apiguard") row[subject.name]["map_bytes"] = map_bytes(pair.gate());
      row[subject.name]["one_more_ms"] = one_more(subject, options.loads);
      if (subject.name == "apiguard" && count == options.load_lists.back())
        result["freeing"] = freeing(subject, count);
      if (subject.name == "apiguard" && count == kManyInto)
        result["many_at_once"] = many_at_once(options, folder, count);
      subject.unload();
    }
    result["lists"].push_back(row);
  }
  pair.remove();
  return result;
}

}  // namespace apiguard::bench
