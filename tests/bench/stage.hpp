// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Where live frames fly: a network namespace without a name, which ends with the process that made
// it, however that ends. No interface of the host is in it.
#pragma once

#include <cstdint>
#include <string>

#include "loader/base/fd.hpp"
#include "tests/bench/programs.hpp"

namespace apiguard::bench {

// This process into namespaces of its own, network and mounts: with a fresh bpffs, so that pins end
// with it too, and `folder` (made) as a place in memory.
void enter_stage(const std::string& folder);

// A veth pair, "worldN" to send to and "gateN" to judge at, silent and up.
class Pair {
 public:
  explicit Pair(int number);

  [[nodiscard]] const std::string& gate() const { return gate_; }
  [[nodiscard]] const std::string& world() const { return world_; }
  [[nodiscard]] unsigned world_index() const;
  // Whoever makes it removes it: the next part makes one of the same names.
  void remove() const;

  // In native mode, or dies.
  void attach(const Program& program);
  // For receivers that take socket buffers: without GRO a veth takes no redirected frames.
  void switch_gro_on() const;
  // Frames that an XDP program has dropped, by the driver's count.
  [[nodiscard]] std::uint64_t xdp_drops() const;

 private:
  std::string gate_, world_;
  Fd link_;
};

// The hardware address of every gate.
inline constexpr const char* kGateMac = "02:00:00:00:00:01";

}  // namespace apiguard::bench
