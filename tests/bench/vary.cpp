// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

#include "tests/bench/cpu_time.hpp"
#include "tests/bench/programs.hpp"
#include "vary.skel.h"

namespace apiguard::bench {
namespace {

constexpr __u32 kEthernet = 14;
constexpr __u32 kTag = 4;
constexpr __u32 kSource4 = 12;  // in an IPv4 header
constexpr __u32 kSource6 = 8;

__u32 source_offset(const Layout& layout) {
  const __u32 header = kEthernet + (layout.tagged ? kTag : 0);
  return header + (layout.family == Family::kIpv4 ? kSource4 : kSource6);
}

}  // namespace

Vary::Vary(const Layout& layout, bool frags)
    : layout_(layout), skeleton_(bench_vary::open()), frags_(frags) {
  if (skeleton_ == nullptr) broken("harness: open");
  const auto frame = segment(layout, BENCH_PORT);
  skeleton_->rodata->source_offset = source_offset(layout);
  skeleton_->rodata->source_words = layout.family == Family::kIpv4 ? 1 : 4;
  std::memcpy(const_cast<__u32*>(&skeleton_->rodata->destination4),
              &frame[source_offset(layout) + 4], 4);
  const auto& programs = skeleton_->progs;
  for (bpf_program* program : {programs.vary_frags, programs.drop_frags, programs.pass_frags})
    bpf_program__set_autoload(program, frags);
  for (bpf_program* program : {programs.vary_plain, programs.drop_plain, programs.pass_plain})
    bpf_program__set_autoload(program, !frags);
  if (bench_vary::load(skeleton_) != 0) broken("harness: load");
}

Vary::~Vary() { bench_vary::destroy(skeleton_); }

void Vary::use(const Sources& sources) {
  const std::size_t size = layout_.family == Family::kIpv4 ? 4 : 16;
  auto* to = reinterpret_cast<std::uint8_t*>(skeleton_->bss->sources);
  for (const Number number : sources.addresses) {
    std::memcpy(to, address_of(layout_.family, number).bytes.data(), size);
    to += size;
  }
}

void Vary::aim(const Program& program) {
  const __u32 slot = 0;
  if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.under_test), &slot, &program.fd, BPF_ANY) !=
      0)
    broken(std::string("harness: take the program: ") + std::strerror(errno));
}

double Vary::run(std::span<const std::uint8_t> frame, std::uint32_t repeat, std::uint32_t action) {
  const auto& programs = skeleton_->progs;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
              .data_size_in = static_cast<__u32>(frame.size()), .repeat = static_cast<int>(repeat));
  skeleton_->bss->next = 0;
  const double before = CpuTime().nanoseconds();
  const int failed = bpf_prog_test_run_opts(
      bpf_program__fd(frags_ ? programs.vary_frags : programs.vary_plain), &options);
  const double after = CpuTime().nanoseconds();
  if (failed != 0) broken(std::string("test run: ") + std::strerror(errno));
  if (options.retval != action)
    broken("the program answers " + std::to_string(options.retval) + " instead of " +
           std::to_string(action));
  return (after - before) / repeat;
}

Program Vary::empty_drop() const {
  const auto& programs = skeleton_->progs;
  return {bpf_program__fd(frags_ ? programs.drop_frags : programs.drop_plain), -1};
}

Program Vary::empty_pass() const {
  const auto& programs = skeleton_->progs;
  return {bpf_program__fd(frags_ ? programs.pass_frags : programs.pass_plain), -1};
}

}  // namespace apiguard::bench
