// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/stage.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/bench/command.hpp"

namespace apiguard::bench {
namespace {

[[noreturn]] void failed(const std::string& what) { broken(what + ": " + std::strerror(errno)); }

void mount_here(const char* type, const std::string& folder) {
  if (mount(type, folder.c_str(), type, 0, nullptr) != 0) failed("mount on " + folder);
}

void ask_driver(const std::string& device, void* command) {
  const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  if (ioctl(any.get(), SIOCETHTOOL, &request) != 0) failed("device " + device + ": ethtool");
}

std::uint32_t statistics_count(const std::string& device) {
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ask_driver(device, &info);
  return info.n_stats;
}

// An ethtool command whose answer is `count` values of `size` bytes behind `header`.
template <typename Header>
std::vector<char> ask_list(const std::string& device, Header header, std::size_t size,
                           std::uint32_t count) {
  std::vector<char> answer(sizeof(header) + size * count);
  std::memcpy(answer.data(), &header, sizeof(header));
  ask_driver(device, answer.data());
  return answer;
}

}  // namespace

void enter_stage(const std::string& folder) {
  if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) failed("namespaces of our own");
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) failed("private mounts");
  mount_here("bpf", "/sys/fs/bpf");
  mount_here("tmpfs", folder);
  // Nothing may speak unasked: every frame is one of the sender's.
  std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << "1";
  must("ip link set lo up");
}

// One queue, so that all frames meet the same one.
Pair::Pair(int number)
    : gate_("gate" + std::to_string(number)), world_("world" + std::to_string(number)) {
  must("ip link add " + gate_ + " address " + kGateMac +
       " numtxqueues 1 numrxqueues 1 type veth peer name " + world_ +
       " numtxqueues 1 numrxqueues 1");
  must("ip link set " + gate_ + " up");
  must("ip link set " + world_ + " up");
}

void Pair::remove() const { must("ip link delete " + gate_); }

unsigned Pair::world_index() const { return if_nametoindex(world_.c_str()); }

void Pair::attach(const Program& program) {
  const auto index = static_cast<int>(if_nametoindex(gate_.c_str()));
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
  link_ = Fd(bpf_link_create(program.fd, index, BPF_XDP, &options));
  if (!link_) failed("device " + gate_ + ": attach");
  LIBBPF_OPTS(bpf_xdp_query_opts, query);
  if (bpf_xdp_query(index, 0, &query) != 0 || query.attach_mode != XDP_ATTACHED_DRV)
    broken("device " + gate_ + ": the program is not in native mode");
}

void Pair::switch_gro_on() const {
  ethtool_value value{};
  value.cmd = ETHTOOL_SGRO;
  value.data = 1;
  ask_driver(gate_, &value);
}

std::uint64_t Pair::xdp_drops() const {
  const std::uint32_t count = statistics_count(gate_);
  ethtool_gstrings names{};
  names.cmd = ETHTOOL_GSTRINGS;
  names.string_set = ETH_SS_STATS;
  names.len = count;
  ethtool_stats values{};
  values.cmd = ETHTOOL_GSTATS;
  values.n_stats = count;
  const auto name_list = ask_list(gate_, names, ETH_GSTRING_LEN, count);
  const auto value_list = ask_list(gate_, values, sizeof(std::uint64_t), count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const char* name = &name_list[sizeof(names) + std::size_t{i} * ETH_GSTRING_LEN];
    if (std::strncmp(name, "rx_queue_0_xdp_drops", ETH_GSTRING_LEN) != 0) continue;
    std::uint64_t drops = 0;
    std::memcpy(&drops, &value_list[sizeof(values) + i * sizeof(drops)], sizeof(drops));
    return drops;
  }
  broken("device " + gate_ + ": does not count what XDP drops");
}

}  // namespace apiguard::bench
