// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/support/run.hpp"
#include "loader/compile/compile.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace apiguard::test {

namespace {

[[noreturn]] void broken(const std::string& what) { throw std::runtime_error(what); }

datapath::Generation load(const Policy& policy, const Now& now, datapath::ProgramKind kind) {
  if (geteuid() != 0) broken("needs root, and its case has no tag [root]");
  auto image = compile(policy, 1, now);
  if (!image) broken("compile: " + image.error().message);
  auto generation = datapath::Generation::load(*image, {.kind = kind});
  if (!generation) broken("load: " + generation.error().message);
  return std::move(*generation);
}

void check_action(std::uint32_t action, const Verdict& counted) {
  const std::uint32_t expected = counted.outcome == APIGUARD_DROP ? XDP_DROP : XDP_PASS;
  if (action == expected) return;
  broken("XDP action " + std::to_string(action) + " counted as '" + to_string(counted) + "'");
}

}  // namespace

Now test_clocks() {
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  return {
      .wall = kNow,
      .boot = BootTime(std::chrono::seconds(boot.tv_sec) + std::chrono::nanoseconds(boot.tv_nsec))};
}

Harness::Harness(const Policy& policy, const Now& now, datapath::ProgramKind kind)
    : Harness(load(policy, now, kind)) {}

Harness::Harness(datapath::Generation generation)
    : generation_(std::move(generation)),
      per_cpu_(static_cast<std::size_t>(libbpf_num_possible_cpus())) {
  before_ = read();
}

Verdict Harness::run(std::span<const std::uint8_t> frame) { return run_with(frame, nullptr); }

Verdict Harness::run(std::span<const std::uint8_t> frame, std::uint32_t linear) {
  return run_with(frame, &linear);
}

Verdict Harness::run_with(std::span<const std::uint8_t> frame, const std::uint32_t* linear) {
  returned_.resize(frame.size());
  xdp_md context{};
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<__u32>(frame.size());
  options.data_out = returned_.data();
  options.data_size_out = static_cast<__u32>(returned_.size());
  options.repeat = 1;
  if (linear != nullptr && *linear < frame.size()) {
    context.data_end = *linear;
    options.ctx_in = &context;
    options.ctx_size_in = sizeof(context);
  }
  if (bpf_prog_test_run_opts(generation_.filter_fd(datapath::AttachKind::kInterface), &options) !=
      0) {
    broken(std::string("test run: ") + std::strerror(errno));
  }
  const Verdict verdict = moved_counter();
  check_action(options.retval, verdict);
  if (!std::equal(frame.begin(), frame.end(), returned_.begin(), returned_.end())) {
    broken("the program changed the frame");
  }
  return verdict;
}

apiguard_counters Harness::read() {
  const __u32 key = 0;
  if (bpf_map_lookup_elem(generation_.counters_fd(), &key, per_cpu_.data()) != 0) {
    broken(std::string("counters: ") + std::strerror(errno));
  }
  apiguard_counters sum{};
  for (const apiguard_counters& cpu : per_cpu_) {
    for (int outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
      for (int reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
        sum.packets[outcome][reason] += cpu.packets[outcome][reason];
      }
    }
  }
  return sum;
}

// Every packet is counted under exactly one outcome and one reason: that is how the reason is
// known.
Verdict Harness::moved_counter() {
  const apiguard_counters after = read();
  std::optional<Verdict> moved;
  for (int outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    for (int reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
      const std::uint64_t by = after.packets[outcome][reason] - before_.packets[outcome][reason];
      if (by == 0) continue;
      if (by != 1 || moved) broken("one packet moved more than one counter, or one by more than 1");
      moved = Verdict{static_cast<apiguard_outcome>(outcome), static_cast<apiguard_reason>(reason)};
    }
  }
  before_ = after;
  if (!moved) broken("a packet was not counted");
  return *moved;
}

std::uint64_t Harness::counted(const Verdict& verdict) const {
  return before_.packets[verdict.outcome][verdict.reason];
}

std::uint64_t Harness::counted_in_kernel() {
  const apiguard_counters now = read();
  std::uint64_t sum = 0;
  for (const auto& outcome : now.packets) {
    for (const __u64 packets : outcome) sum += packets;
  }
  return sum;
}

bool kernel_takes_short_linear_part(Harness& harness) {
  if (!harness.frags()) return false;
  const std::vector<std::uint8_t> frame(64);
  try {
    (void)harness.run(frame, 32);
  } catch (const std::runtime_error&) {
    return false;
  }
  return true;
}

}  // namespace apiguard::test
