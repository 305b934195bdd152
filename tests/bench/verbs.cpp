// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/verbs.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "tests/bench/command.hpp"
#include "tests/bench/memory.hpp"

namespace apiguard::bench {

Command apiguard_command(const Options& options, const std::string& folder, const Command& verb) {
  Command command{options.apiguard, "--config",        folder + "/etc/apiguard.toml",
                  "--state-dir",    folder + "/state", "--run-dir",
                  folder + "/run",  "--pin-dir",       "/sys/fs/bpf/apiguard"};
  command.insert(command.end(), verb.begin(), verb.end());
  return command;
}

void remove_apiguard(const Options& options, const std::string& folder) {
  must_run(apiguard_command(options, folder, {"detach", "--all"}));
  std::filesystem::remove_all(folder + "/state");
  std::filesystem::remove_all(folder + "/run");
}

double milli(double seconds) { return std::round(seconds * 1e6) / 1e3; }

void settle() {
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  while (still_freeing()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
}

double at_once(int count, const std::function<Command(int)>& command) {
  using std::chrono::steady_clock;
  std::vector<std::thread> verbs;
  verbs.reserve(static_cast<std::size_t>(count));
  const auto from = steady_clock::now();
  for (int number = 1; number <= count; ++number)
    verbs.emplace_back([&, number] { must_run(command(number)); });
  for (std::thread& verb : verbs) verb.join();
  return std::chrono::duration<double>(steady_clock::now() - from).count();
}

}  // namespace apiguard::bench
