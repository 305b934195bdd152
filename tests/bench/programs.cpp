// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/programs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "plain_lpm.skel.h"
#include "tests/support/packet.hpp"

#include "loader/compile/compile.hpp"
#include "loader/ledger/counters.hpp"

namespace apiguard::bench {
namespace {

constexpr __u32 kBatch = 65536;

// Keys of one list; the trie takes them by batches.
template <typename Key>
void fill(int map_fd, const List* list) {
  if (list == nullptr) return;
  std::vector<Key> keys;
  for (const Network& network : list->networks) {
    Key key{};
    key.prefix_len = network.length;
    const Address address = address_of(list->family, network.first);
    std::memcpy(key.address, address.bytes.data(), sizeof(key.address));
    keys.push_back(key);
  }
  const std::vector<__u32> values(keys.size(), 1);
  for (std::size_t at = 0; at < keys.size(); at += kBatch) {
    auto count = static_cast<__u32>(std::min<std::size_t>(kBatch, keys.size() - at));
    if (bpf_map_update_batch(map_fd, &keys[at], &values[at], &count, nullptr) != 0)
      broken(std::string("plain LPM: fill: ") + std::strerror(errno));
  }
}

const List* of_family(const std::vector<const List*>& lists, Family family) {
  for (const List* list : lists) {
    if (list->family == family) return list;
  }
  return nullptr;
}

void size(bpf_map* map, const List* list) {
  const std::size_t entries = list == nullptr ? 1 : std::max<std::size_t>(1, list->networks.size());
  if (bpf_map__set_max_entries(map, static_cast<__u32>(entries)) != 0) broken("plain LPM: size");
}

}  // namespace

void broken(const std::string& what) { throw std::runtime_error(what); }

Count counted(const Program& program, const Verdict& verdict) {
  const auto counters = ledger::read_counters(program.counters_fd);
  if (!counters) broken(counters.error().message);
  Count count;
  count.expected = counters->packets[verdict.outcome][verdict.reason];
  for (const auto& outcome : counters->packets) {
    for (const __u64 packets : outcome) count.all += packets;
  }
  return count;
}

datapath::Generation load_apiguard(const std::vector<const List*>& lists, Mode mode) {
  Policy policy = policy_of(lists);
  policy.mode = mode;
  const auto image = compile(policy, 1, Now{});
  if (!image) broken(image.error().message);
  auto generation = datapath::Generation::load(*image, {});
  if (!generation) broken(generation.error().message);
  return std::move(*generation);
}

Program program_of(const datapath::Generation& generation) {
  return {generation.filter_fd(datapath::AttachKind::kInterface), generation.counters_fd()};
}

datapath::Watch watch(const datapath::Generation& generation) {
  const auto copy = [&](datapath::LedgerMap map) { return Fd(dup(generation.kept_fd(map))); };
  auto watch = datapath::Watch::open(copy(datapath::LedgerMap::kRings),
                                     copy(datapath::LedgerMap::kWatches), 0);
  if (!watch) broken(watch.error().message);
  watch->keep_until(BootTime::max());
  return std::move(*watch);
}

PlainLpm::PlainLpm(const std::vector<const List*>& lists, bool frags)
    : skeleton_(bench_plain_lpm::open()), frags_(frags) {
  if (skeleton_ == nullptr) broken("plain LPM: open");
  const List* ipv4 = of_family(lists, Family::kIpv4);
  const List* ipv6 = of_family(lists, Family::kIpv6);
  size(skeleton_->maps.plain4, ipv4);
  size(skeleton_->maps.plain6, ipv6);
  bpf_program__set_autoload(skeleton_->progs.lpm_frags, frags);
  bpf_program__set_autoload(skeleton_->progs.lpm_plain, !frags);
  if (bench_plain_lpm::load(skeleton_) != 0) broken("plain LPM: load");
  fill<apiguard_key4>(bpf_map__fd(skeleton_->maps.plain4), ipv4);
  fill<apiguard_key6>(bpf_map__fd(skeleton_->maps.plain6), ipv6);
}

PlainLpm::~PlainLpm() { bench_plain_lpm::destroy(skeleton_); }

Program PlainLpm::program() const {
  const auto& programs = skeleton_->progs;
  return {bpf_program__fd(frags_ ? programs.lpm_frags : programs.lpm_plain),
          bpf_map__fd(skeleton_->maps.plain_counters)};
}

std::vector<std::uint8_t> segment(const Layout& layout, std::uint16_t port) {
  test::Packet packet = test::Eth();
  if (layout.tagged) packet = packet / test::Vlan{.vid = 7};
  if (layout.family == Family::kIpv4) {
    packet = packet / test::Ipv4{};
  } else {
    packet = packet / test::Ipv6{};
  }
  constexpr std::uint8_t kAck = 0x10;
  return packet / test::Tcp{.dport = port, .flags = kAck};
}

void need_jit(const Program& program) {
  bpf_prog_info info{};
  __u32 length = sizeof(info);
  if (bpf_obj_get_info_by_fd(program.fd, &info, &length) != 0) broken("program: read its info");
  if (info.jited_prog_len == 0) broken("the kernel interprets BPF programs: switch the JIT on");
}

}  // namespace apiguard::bench
