// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/bench/live.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>

#include "send.skel.h"
#include "tests/bench/command.hpp"
#include "tests/bench/cpu_time.hpp"
#include "tests/bench/lists.hpp"
#include "tests/bench/numbers.hpp"
#include "tests/bench/peers.hpp"
#include "tests/bench/stage.hpp"

namespace apiguard::bench {
namespace {

constexpr std::uint32_t kBatch = 64;  // frames the kernel sends before it lets the receiver run

// Sum of the sixteen-bit words of an IPv4 header without source and checksum, as they lie there.
__u32 sum_of_header(const std::vector<std::uint8_t>& frame) {
  constexpr std::size_t kStart = 14, kChecksum = 10, kSource = 12, kLength = 20;
  __u32 sum = 0;
  for (std::size_t at = 0; at < kLength; at += 2) {
    if (at == kChecksum || at == kSource || at == kSource + 2) continue;
    __u16 word = 0;
    std::memcpy(&word, &frame[kStart + at], sizeof(word));
    sum += word;
  }
  return sum;
}

class Sender {
 public:
  explicit Sender(int cpu)
      : frame_(segment({Family::kIpv4, false}, BENCH_PORT)),
        skeleton_(bench_send::open()),
        time_(cpu) {
    if (skeleton_ == nullptr) broken("sender: open");
    skeleton_->rodata->header_sum = sum_of_header(frame_);
    if (bench_send::load(skeleton_) != 0) broken("sender: load");
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;
  ~Sender() { bench_send::destroy(skeleton_); }

  void use(const Sources& sources) {
    __u32* to = skeleton_->bss->sources;
    for (const Number number : sources.addresses)
      std::memcpy(to++, address_of(Family::kIpv4, number).bytes.data(), sizeof(*to));
  }

  // Nanoseconds of CPU a frame, the receiver's included: it runs on the same CPU.
  double send(unsigned device, std::uint32_t frames) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame_.data(),
                .data_size_in = static_cast<__u32>(frame_.size()),
                .repeat = static_cast<int>(frames), .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
                .batch_size = kBatch);
    skeleton_->bss->device = device;
    skeleton_->bss->next = 0;
    const double before = time_.nanoseconds();
    if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.send), &options) != 0)
      broken(std::string("live frames: ") + std::strerror(errno));
    return (time_.nanoseconds() - before) / frames;
  }

 private:
  std::vector<std::uint8_t> frame_;
  bench_send* skeleton_;
  CpuTime time_;
};

// One filter behind a pair of its own.
struct Receiver {
  std::string name;
  unsigned device;                       // to send to
  std::function<std::uint64_t()> drops;  // so far, by its own counter
  Runs runs;
};

double run_checked(Sender& sender, const Receiver& receiver, std::uint32_t frames) {
  const std::uint64_t before = receiver.drops();
  const double nanoseconds = sender.send(receiver.device, frames);
  const std::uint64_t dropped = receiver.drops() - before;
  if (dropped != frames)
    broken(receiver.name + " dropped " + std::to_string(dropped) + " of " + std::to_string(frames) +
           " frames");
  return nanoseconds;
}

// All pairs of one list, with every filter in force at once, each on its own device.
class Contest {
 public:
  Contest(const List& list, const std::string& folder, int cpu)
      : generation_(load_apiguard({&list})),
        plain_({&list}, generation_.frags()),
        empty_({Family::kIpv4, false}, generation_.frags()),
        sender_(cpu) {
    add_xdp("empty", 0, empty_.empty_drop());
    add_xdp("apiguard", 1, program_of(generation_));
    add_xdp("plain_lpm", 2, plain_.program());
    must("nft -f " + write_nft(folder, pairs_.emplace_back(3).gate(), list));
    add_stack("nftables", [] { return nft_drops("gate3"); });
    must("ipset restore -file " + write_ipset(folder, list));
    add_iptables_rule(pairs_.emplace_back(4).gate());
    add_stack("ipset", iptables_drops);
  }
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;

  Json run(const Sources& sources, const Options& options) {
    sender_.use(sources);
    for (const Receiver& receiver : receivers_)
      (void)run_checked(sender_, receiver, options.live_packets / 8);
    for (int run = 0; run < options.runs; ++run) {
      for (Receiver& receiver : receivers_)
        receiver.runs.push_back(run_checked(sender_, receiver, options.live_packets));
    }
    Json programs;
    for (const Receiver& receiver : receivers_) {
      for (const double run : receiver.runs)
        programs[receiver.name].push_back(std::round(run * 10) / 10);
    }
    return programs;
  }

  // Makes room for the next list, whose pairs have the same names. Not for a destructor: it may
  // fail, and where something has failed before, the stage ends with the process.
  void end() {
    remove_nft("gate3");
    remove_ipset();
    for (const Pair& pair : pairs_) pair.remove();
  }

 private:
  void add_xdp(const std::string& name, int number, const Program& program) {
    need_jit(program);
    Pair& pair = pairs_.emplace_back(number);
    pair.attach(program);
    receivers_.push_back({name, pair.world_index(), drops_of(number, program), {}});
  }

  // The driver's count, and where the program counts, both have to agree.
  std::function<std::uint64_t()> drops_of(int number, const Program& program) {
    return [this, number, program] {
      const std::uint64_t drops = pairs_[static_cast<std::size_t>(number)].xdp_drops();
      if (program.counters_fd >= 0 && counted(program, Verdict{}).all != drops)
        broken("driver and program disagree about what was dropped");
      return drops;
    };
  }

  void add_stack(const std::string& name, const std::function<std::uint64_t()>& drops) {
    pairs_.back().switch_gro_on();
    receivers_.push_back({name, pairs_.back().world_index(), drops, {}});
  }

  datapath::Generation generation_;
  PlainLpm plain_;
  Vary empty_;
  Sender sender_;
  std::vector<Pair> pairs_;
  std::vector<Receiver> receivers_;
};

}  // namespace

Json measure_live(const Options& options, const std::string& folder) {
  const int cpu = stay_on_one_cpu();
  Json cells = Json::array();
  for (const std::size_t count : options.live_lists) {
    std::fprintf(stderr, "live frames: %zu ranges\n", count);
    const List list = disjoint_list4(count);
    const Sources sources = unlisted_sources(list, Holdings(list));
    Contest contest(list, folder, cpu);
    cells.push_back(
        {{"ranges", list.networks.size()}, {"programs", contest.run(sources, options)}});
    contest.end();
  }
  return cells;
}

}  // namespace apiguard::bench
