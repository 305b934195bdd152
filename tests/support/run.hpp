// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Runs frames through a loaded generation with BPF_PROG_TEST_RUN: nothing is attached or pinned.
// What cannot be (a load that fails, a packet counted twice, a frame that comes back changed) is
// thrown. Needs root: a case with a Harness has the tag [root] (main.cpp).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "apiguard/ledger.h"
#include "loader/base/time.hpp"
#include "loader/compile/image.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/policy/policy.hpp"
#include "tests/support/oracle.hpp"

namespace apiguard::test {

// The wall clock of the tests: a fixed moment, so that policies can say "an hour ago".
// 2026-01-01T00:00:00Z.
inline constexpr Timestamp kNow{1'767'225'600s};

// kNow beside the boot-time clock of this machine.
[[nodiscard]] Now test_clocks();

class Harness {
 public:
  explicit Harness(const Policy& policy, const Now& now = test_clocks(),
                   datapath::ProgramKind kind = datapath::ProgramKind::kProbe);

  // One that was loaded elsewhere.
  explicit Harness(datapath::Generation generation);

  // The frame whole in the linear part. Frames under 14 bytes are refused by the kernel (EINVAL).
  [[nodiscard]] Verdict run(std::span<const std::uint8_t> frame);

  // Row 24: only the first `linear` bytes (at least 1) in the linear part, the rest in fragments.
  // Needs frags() and kernel 6.1.
  [[nodiscard]] Verdict run(std::span<const std::uint8_t> frame, std::uint32_t linear);

  [[nodiscard]] bool frags() const { return generation_.frags(); }
  [[nodiscard]] const datapath::Generation& generation() const { return generation_; }

  // Packets counted so far under one outcome and reason.
  [[nodiscard]] std::uint64_t counted(const Verdict& verdict) const;
  // All packets counted so far; reads the kernel.
  [[nodiscard]] std::uint64_t counted_in_kernel();

 private:
  [[nodiscard]] Verdict run_with(std::span<const std::uint8_t> frame, const std::uint32_t* linear);
  [[nodiscard]] apiguard_counters read();
  [[nodiscard]] Verdict moved_counter();

  datapath::Generation generation_;
  std::vector<apiguard_counters> per_cpu_;
  std::vector<std::uint8_t> returned_;
  apiguard_counters before_{};
};

// True if this kernel takes a linear part that is shorter than the frame.
[[nodiscard]] bool kernel_takes_short_linear_part(Harness& harness);

}  // namespace apiguard::test
