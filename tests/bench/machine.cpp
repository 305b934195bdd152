// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/machine.hpp"

#include <sched.h>
#include <sys/utsname.h>

#include <array>
#include <cctype>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "tests/bench/command.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string line, family, model, name = "unknown";
  const auto value = [&] { return line.substr(line.find(':') + 2); };
  while (std::getline(file, line) && !line.empty()) {
    if (line.starts_with("model name")) name = value();
    if (line.starts_with("cpu family")) family = value();
    if (line.starts_with("model\t")) model = value();
  }
  return name + " (family " + family + ", model " + model + ")";
}

// Those that this CPU needs.
Json mitigations() {
  const std::filesystem::path folder = "/sys/devices/system/cpu/vulnerabilities";
  std::map<std::string, std::string> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string line = first_line(entry.path());
    if (line != "Not affected") found[entry.path().filename()] = line;
  }
  return found;
}

std::string version_of(const std::vector<std::string>& command) {
  const Outcome outcome = run(command);
  return outcome.status == 0 ? outcome.output.substr(0, outcome.output.find('\n')) : "not here";
}

}  // namespace

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Json describe_machine() {
  utsname name{};
  uname(&name);
  return {{"date", today()},
          {"kernel", std::string(name.release) + " " + name.machine},
          {"cpu", cpu_name()},
          {"cpus", std::thread::hardware_concurrency()},
          {"mitigations", mitigations()},
          {"peers",
           {{"nft", version_of({"nft", "--version"})},
            {"ipset", version_of({"ipset", "--version"})},
            {"iptables", version_of({"iptables", "--version"})}}}};
}

void need_quiet_kernel() {
  if (first_line("/proc/sys/kernel/bpf_stats_enabled") != "0")
    broken("kernel.bpf_stats_enabled is on, which costs two clock reads a packet: switch it off");
  if (first_line("/proc/sys/net/core/bpf_jit_enable") == "0")
    broken("net.core.bpf_jit_enable is 0: switch the JIT on");
  if (first_line("/proc/sys/net/core/bpf_jit_harden") != "0")
    broken(
        "net.core.bpf_jit_harden is on: programs would be measured with their constants blinded");
}

int stay_on_one_cpu() {
  cpu_set_t allowed, one;
  CPU_ZERO(&allowed);
  CPU_ZERO(&one);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) broken("CPU: read the affinity");
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) last = cpu;
  }
  CPU_SET(last, &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0) broken("CPU: stay on one");
  return last;
}

}  // namespace apiguard::bench
