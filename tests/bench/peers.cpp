// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/peers.hpp"

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <regex>
#include <thread>

#include "tests/bench/bpf/sources.h"
#include "tests/bench/command.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {
namespace {

const std::string kPort = std::to_string(BENCH_PORT);

// The first number behind a word.
std::uint64_t number_behind(const std::string& text, const std::string& pattern) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex(pattern)))
    broken("a peer shows no counter:\n" + text.substr(0, 500));
  return std::stoull(found[1]);
}

}  // namespace

std::string write_nft(const std::string& folder, const std::string& device, const List& list) {
  const std::string path = folder + "/" + device + ".nft";
  std::ofstream file(path);
  file << "table netdev " << device << " {\n"
       << "  set authorized {\n    type ipv4_addr\n    flags interval\n    elements = {\n";
  for (const Network& network : list.networks) file << text_of(list.family, network) << ",\n";
  file << "    }\n  }\n"
       << "  chain ingress {\n    type filter hook ingress device \"" << device
       << "\" priority 0; policy accept;\n    tcp dport " << kPort
       << " ip saddr != @authorized counter drop\n  }\n}\n";
  return path;
}

std::string write_ipset(const std::string& folder, const List& list) {
  std::string path = folder + "/ipset";
  std::ofstream file(path);
  // By default a set takes 65,536 elements and grows from 1,024 buckets.
  file << "create " << kSet << " hash:net family inet maxelem " << list.networks.size() << "\n";
  for (const Network& network : list.networks)
    file << "add " << kSet << " " << text_of(list.family, network) << "\n";
  return path;
}

std::string write_apiguard(const std::string& folder, const std::string& device, const List& list) {
  mkdir(folder.c_str(), 0755);
  std::ofstream ranges(folder + "/authorized-ranges");
  for (const Network& network : list.networks) ranges << text_of(list.family, network) << "\n";
  std::string path = folder + "/apiguard.toml";
  std::ofstream(path) << "interfaces = [\"" << device << "\"]\nxdp_mode = \"native\"\n";
  return path;
}

void add_iptables_rule(const std::string& device) {
  must("iptables -t raw -A PREROUTING -i " + device + " -p tcp --dport " + kPort +
       " -m set ! --match-set " + kSet + " src -j DROP");
}

std::uint64_t nft_drops(const std::string& device) {
  return number_behind(must("nft list chain netdev " + device + " ingress").output,
                       "counter packets ([0-9]+)");
}

std::uint64_t iptables_drops() {
  return number_behind(must("iptables -t raw -L PREROUTING -n -v -x").output,
                       "\\n *([0-9]+) +[0-9]+ +DROP");
}

void remove_nft(const std::string& device) { must("nft delete table netdev " + device); }

// The kernel lets go of the rule some time after it is gone.
void remove_ipset() {
  must("iptables -t raw -F PREROUTING");
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (run({"ipset", "destroy", kSet}).status == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  must_run({"ipset", "destroy", kSet});
}

}  // namespace apiguard::bench
