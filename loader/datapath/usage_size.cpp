// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/usage_size.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "apiguard/ledger.h"
#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

constexpr std::uint32_t kLeast = 1024;
constexpr std::uint32_t kMost = 1U << 26;

}  // namespace

std::uint32_t usage_capacity(std::size_t ranges) {
  const std::size_t wanted = std::min<std::size_t>(ranges, kMost);
  return std::bit_ceil(std::max(kLeast, static_cast<std::uint32_t>(wanted)));
}

Result<> begin_usage(int map_fd) {
  const apiguard_used_key nobody{};
  const apiguard_used none{};
  if (bpf_map_update_elem(map_fd, &nobody, &none, BPF_ANY) != 0)
    return kernel_error("map 'used'", "write", errno);
  return {};
}

}  // namespace apiguard::datapath
