// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The programs that are compared, loaded, and the harness that feeds them. What cannot be is
// thrown.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loader/datapath/generation.hpp"
#include "loader/datapath/watch.hpp"
#include "tests/bench/network.hpp"
#include "tests/bench/sources.hpp"

struct bench_vary;
struct bench_plain_lpm;

namespace apiguard::bench {

[[noreturn]] void broken(const std::string& what);  // std::runtime_error

// Anything that can stand behind the harness or on an interface.
struct Program {
  int fd = -1;           // borrowed
  int counters_fd = -1;  // apiguard_counters per CPU, borrowed; -1: it counts nothing
};

// Packets under one outcome and reason, and under all of them.
struct Count {
  std::uint64_t expected = 0;
  std::uint64_t all = 0;
};
struct Verdict {
  apiguard_outcome outcome = APIGUARD_DROP;
  apiguard_reason reason = APIGUARD_UNLISTED;
};
[[nodiscard]] Count counted(const Program& program, const Verdict& verdict);

// apiguard as it is shipped, by the loader's own path from policy to kernel.
[[nodiscard]] datapath::Generation load_apiguard(const std::vector<const List*>& lists,
                                                 Mode mode = Mode::kEnforce);
[[nodiscard]] Program program_of(const datapath::Generation& generation);
// Somebody reads its events from now on.
[[nodiscard]] datapath::Watch watch(const datapath::Generation& generation);

// The plain LPM filter over the same lists, of the same kind (frags-aware or not).
class PlainLpm {
 public:
  PlainLpm(const std::vector<const List*>& lists, bool frags);
  PlainLpm(const PlainLpm&) = delete;
  PlainLpm& operator=(const PlainLpm&) = delete;
  ~PlainLpm();

  [[nodiscard]] Program program() const;

 private:
  bench_plain_lpm* skeleton_;
  bool frags_;
};

// Where the source stands in the frames of a harness.
struct Layout {
  Family family = Family::kIpv4;
  bool tagged = false;  // one VLAN tag
};

// Rewrites the source and tail-calls. Has the empty programs as well, which need to be of one kind
// with it.
class Vary {
 public:
  Vary(const Layout& layout, bool frags);
  Vary(const Vary&) = delete;
  Vary& operator=(const Vary&) = delete;
  ~Vary();

  void use(const Sources& sources);
  void aim(const Program& program);

  // Nanoseconds of CPU a packet; dies unless the last packet's action is `action`.
  [[nodiscard]] double run(std::span<const std::uint8_t> frame, std::uint32_t repeat,
                           std::uint32_t action);

  [[nodiscard]] const Layout& layout() const { return layout_; }
  [[nodiscard]] Program empty_drop() const;
  [[nodiscard]] Program empty_pass() const;

 private:
  Layout layout_;
  bench_vary* skeleton_;
  bool frags_;
};

// A TCP segment of this layout to a port: ACK, as the segments of established connections are.
[[nodiscard]] std::vector<std::uint8_t> segment(const Layout& layout, std::uint16_t port);

// Dies if the kernel interprets this program instead of compiling it.
void need_jit(const Program& program);

}  // namespace apiguard::bench
