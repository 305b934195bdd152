// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/fill.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace apiguard::datapath {
namespace {

// The kernel's own number for "this map has no such operation"; not in user space's errno.h.
constexpr int kNotSupported = 524;
constexpr std::size_t kBatch = 65536;

tl::unexpected<Error> failed(int error) {
  return fail(Exit::kFailed, fmt::format("ranges: write to the trie: {}", std::strerror(error)),
              error);
}

template <typename Key>
int write_batch(int map_fd, const Entry<Key>* first, std::size_t count, std::vector<Key>& keys,
                std::vector<apiguard_range>& values) {
  keys.clear();
  values.clear();
  for (const Entry<Key>* entry = first; entry != first + count; ++entry) {
    keys.push_back(entry->key);
    values.push_back(entry->value);
  }
  auto done = static_cast<__u32>(count);
  return bpf_map_update_batch(map_fd, keys.data(), values.data(), &done, nullptr) == 0 ? 0 : errno;
}

template <typename Key>
Result<> write_singly(int map_fd, const std::vector<Entry<Key>>& entries) {
  for (const Entry<Key>& entry : entries) {
    if (bpf_map_update_elem(map_fd, &entry.key, &entry.value, BPF_ANY) != 0) return failed(errno);
  }
  return {};
}

template <typename Key>
Result<> fill_any(int map_fd, const std::vector<Entry<Key>>& entries) {
  std::vector<Key> keys;
  std::vector<apiguard_range> values;
  for (std::size_t at = 0; at < entries.size(); at += kBatch) {
    const std::size_t count = std::min(kBatch, entries.size() - at);
    const int error = write_batch(map_fd, entries.data() + at, count, keys, values);
    if (error == kNotSupported || error == EOPNOTSUPP) return write_singly(map_fd, entries);
    if (error != 0) return failed(error);
  }
  return {};
}

// Arrays are written where the kernel reads them: one copy, and no call per value.
template <typename Value>
Result<> fill_array(int map_fd, const std::vector<Value>& values) {
  if (values.empty()) return {};
  const std::size_t size = values.size() * sizeof(Value);
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    return fail(Exit::kFailed, fmt::format("index: map its memory: {}", std::strerror(error)),
                error);
  }
  std::memcpy(memory, values.data(), size);
  ::munmap(memory, size);
  return {};
}

}  // namespace

Result<> fill(int map_fd, const std::vector<apiguard_block>& blocks) {
  return fill_array(map_fd, blocks);
}

Result<> fill(int map_fd, const std::vector<apiguard_rank>& ranks) {
  return fill_array(map_fd, ranks);
}

Result<> fill(int map_fd, const std::vector<__u64>& leaves) { return fill_array(map_fd, leaves); }

Result<> fill(int map_fd, const std::vector<apiguard_node>& nodes) {
  return fill_array(map_fd, nodes);
}

Result<> fill(int map_fd, const std::vector<Entry<apiguard_key4>>& entries) {
  return fill_any(map_fd, entries);
}

Result<> fill(int map_fd, const std::vector<Entry<apiguard_key6>>& entries) {
  return fill_any(map_fd, entries);
}

}  // namespace apiguard::datapath
