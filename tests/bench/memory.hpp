// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace apiguard::bench {

// Bytes the kernel says it holds for itself: slab, vmalloc, per-CPU. What else the machine does
// meanwhile is in it.
[[nodiscard]] std::int64_t kernel_bytes();

// Bytes of every map of the XDP program on a device, by name, as the kernel accounts for them.
// Of a trie that is the entries without the nodes between them.
[[nodiscard]] std::map<std::string, std::uint64_t> map_bytes(const std::string& device);

// Whether an apiguard that has answered still lets go of a list (loader/datapath/release.hpp).
[[nodiscard]] bool still_freeing();

// Our own peak of resident memory is now what we hold: a child begins with its parent's.
void forget_peak();

}  // namespace apiguard::bench
