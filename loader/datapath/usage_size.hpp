// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The map of connections by range, as a fresh one is made: it has a size, and an entry for what
// finds no room.
#pragma once

#include <cstddef>
#include <cstdint>

#include "loader/base/result.hpp"

namespace apiguard::datapath {

// Entries of a map for so many ranges: a power of two, because the kernel makes so many buckets
// anyway.
[[nodiscard]] std::uint32_t usage_capacity(std::size_t ranges);

// Makes the entry for connections that find no room. No packet meets the map yet.
[[nodiscard]] Result<> begin_usage(int map_fd);

}  // namespace apiguard::datapath
