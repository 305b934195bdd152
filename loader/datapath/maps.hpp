// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Elements of maps, for rooms that know no libbpf. Keys and values have the layout of the map;
// descriptors are borrowed. What returns an int returns 0 or the errno.
#pragma once

#include <cstddef>
#include <cstdint>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::datapath {

// `flags`: BPF_F_LOCK for a value with a spin lock, else 0.
[[nodiscard]] int look_up(int map_fd, const void* key, void* value, std::uint64_t flags = 0);
// Adds or replaces.
[[nodiscard]] int put(int map_fd, const void* key, const void* value);
[[nodiscard]] int take_out(int map_fd, const void* key);
// The key behind `key`, null for the first; ENOENT: there is none.
[[nodiscard]] int next_key(int map_fd, const void* key, void* next);
// As bpf_map_lookup_batch() (5.6): `at` null for the first, then what `next` was; `count` in and
// out.
[[nodiscard]] int look_up_batch(int map_fd, void* at, void* next, void* keys, void* values,
                                std::uint32_t* count);

struct MapShape {
  // BPF_MAP_TYPE_*
  std::uint32_t type = 0;
  const char* name = "";
  // bytes
  std::uint32_t key_size = 0;
  // bytes
  std::uint32_t value_size = 0;
  std::uint32_t entries = 0;
  // BPF_F_*
  std::uint32_t flags = 0;
};
// Owned by the caller. Invalid: errno says why.
[[nodiscard]] Fd make_map(const MapShape& shape);
// None that can be read: errno in the error.
[[nodiscard]] Result<std::uint32_t> entries_of(int map_fd);

// One test run on a frame of `size` bytes; `answer`: what the program returned.
[[nodiscard]] int run_once(int program_fd, void* frame, std::size_t size, std::uint32_t& answer);

// Values that a per-CPU map holds for a key; negative: an errno.
[[nodiscard]] int count_cpus();

}  // namespace apiguard::datapath
