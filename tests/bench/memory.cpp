// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/memory.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <malloc.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/datapath/ledger_maps.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {
namespace {

// The number behind NAME in a file of "NAME: NUMBER" lines.
std::uint64_t value_of(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stoull(line.substr(name.size() + 1));
  }
  return 0;
}

std::vector<__u32> map_ids(__u32 program_id) {
  const Fd program(bpf_prog_get_fd_by_id(program_id));
  std::array<__u32, 64> ids{};
  bpf_prog_info info{};
  info.nr_map_ids = ids.size();
  info.map_ids = reinterpret_cast<__u64>(ids.data());
  __u32 length = sizeof(info);
  if (!program || bpf_obj_get_info_by_fd(program.get(), &info, &length) != 0)
    broken("program: read its maps");
  return {ids.begin(), ids.begin() + info.nr_map_ids};
}

bpf_map_info info_of(const Fd& map) {
  bpf_map_info info{};
  __u32 length = sizeof(info);
  if (!map || bpf_obj_get_info_by_fd(map.get(), &info, &length) != 0) broken("map: read its info");
  return info;
}

std::uint64_t locked(const Fd& map) {
  return value_of("/proc/self/fdinfo/" + std::to_string(map.get()), "memlock");
}

// Of the maps in an array of maps.
std::uint64_t locked_inside(const Fd& outer) {
  std::uint64_t bytes = 0;
  __u32 id = 0;
  for (__u32 i = 0; bpf_map_lookup_elem(outer.get(), &i, &id) == 0; ++i)
    bytes += locked(Fd(bpf_map_get_fd_by_id(id)));
  return bytes;
}

// Not part of a list: what the kernel remembers of traffic has one size.
bool keeps(const std::string& map) {
  return std::any_of(datapath::kLedgerMaps.begin(), datapath::kLedgerMaps.end(),
                     [&](datapath::LedgerMap kept) { return datapath::name_of(kept) == map; });
}

}  // namespace

std::int64_t kernel_bytes() {
  std::uint64_t kib = 0;
  for (const char* name : {"Slab", "VmallocUsed", "Percpu"}) kib += value_of("/proc/meminfo", name);
  return static_cast<std::int64_t>(kib * 1024);
}

std::map<std::string, std::uint64_t> map_bytes(const std::string& device) {
  __u32 program_id = 0;
  const auto index = static_cast<int>(if_nametoindex(device.c_str()));
  if (bpf_xdp_query_id(index, 0, &program_id) != 0 || program_id == 0)
    broken("device " + device + ": has no XDP program");
  std::map<std::string, std::uint64_t> bytes;
  for (const __u32 id : map_ids(program_id)) {
    const Fd map(bpf_map_get_fd_by_id(id));
    const bpf_map_info info = info_of(map);
    if (keeps(info.name)) continue;
    bytes[info.name] = locked(map);
    if (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS) bytes[info.name] += locked_inside(map);
  }
  return bytes;
}

bool still_freeing() {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", none)) {
    std::ifstream file(entry.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == "apiguard-free") return true;
  }
  return false;
}

void forget_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace apiguard::bench
