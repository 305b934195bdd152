// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/fill.hpp"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include <fmt/format.h>

namespace apiguard::datapath {
namespace {

// The kernel's own number for "this map has no such operation"; not in user space's errno.h.
constexpr int kNotSupported = 524;

tl::unexpected<Error> failed(std::string_view what, int error) {
  return fail(Exit::kFailed, fmt::format("ranges: {}: {}", what, std::strerror(error)), error);
}

template <typename Key>
int write_singly(int map_fd, const Shard<Key>& shard) {
  for (std::size_t i = 0; i < shard.keys.size(); ++i) {
    if (bpf_map_update_elem(map_fd, &shard.keys[i], &shard.values[i], BPF_ANY) != 0) return errno;
  }
  return 0;
}

// 0 or an errno.
template <typename Key>
int write(int map_fd, const Shard<Key>& shard) {
  auto count = static_cast<__u32>(shard.keys.size());
  if (bpf_map_update_batch(map_fd, shard.keys.data(), shard.values.data(), &count, nullptr) == 0)
    return 0;
  if (errno == kNotSupported || errno == EOPNOTSUPP) return write_singly(map_fd, shard);
  return errno;
}

// As the map definition of the program says: the kernel compares the two.
template <typename Key>
Fd make_trie(std::size_t entries) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG);
  return Fd(bpf_map_create(BPF_MAP_TYPE_LPM_TRIE, "ranges", sizeof(Key), sizeof(apiguard_range),
                           static_cast<__u32>(entries), &options));
}

template <typename Key>
Result<Fd> add_trie(int outer_fd, __u32 number, const Shard<Key>& shard) {
  Fd trie = make_trie<Key>(shard.keys.size());
  if (!trie) return failed("make a trie", errno);
  if (const int error = write(trie.get(), shard); error != 0)
    return failed("write to the trie", error);
  const int fd = trie.get();
  if (bpf_map_update_elem(outer_fd, &number, &fd, BPF_ANY) != 0)
    return failed("enter the trie", errno);
  return trie;
}

// Takes shards until there are none left, or one failed.
template <typename Key>
class Filler {
 public:
  Filler(int outer_fd, const Shards<Key>& shards)
      : outer_fd_(outer_fd), shards_(shards), tries_(shards.size()) {}

  Result<std::vector<Fd>> run() {
    const std::size_t threads =
        std::min<std::size_t>(shards_.size(), std::max(1U, std::thread::hardware_concurrency()));
    {
      std::vector<std::jthread> others;
      while (others.size() + 1 < threads && add_one(others)) continue;
      work();
    }
    if (failure_) return fail(*failure_);
    return std::move(tries_);
  }

 private:
  // False where no thread is to be had: those that there are do the work.
  bool add_one(std::vector<std::jthread>& others) {
    try {
      others.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  void work() {
    for (std::size_t i = next_++; i < shards_.size(); i = next_++) {
      auto added = add_trie(outer_fd_, static_cast<__u32>(i), shards_[i]);
      if (added) {
        tries_[i] = std::move(*added);
        continue;
      }
      next_ = shards_.size();
      const std::lock_guard lock(mutex_);
      failure_ = added.error();
    }
  }

  int outer_fd_;
  const Shards<Key>& shards_;
  std::atomic<std::size_t> next_ = 0;
  // each written by the thread that took its shard
  std::vector<Fd> tries_;
  std::mutex mutex_;
  std::optional<Error> failure_;
};

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

Result<std::vector<Fd>> fill(int outer_fd, const Shards<apiguard_key4>& shards) {
  return Filler(outer_fd, shards).run();
}

Result<std::vector<Fd>> fill(int outer_fd, const Shards<apiguard_key6>& shards) {
  return Filler(outer_fd, shards).run();
}

}  // namespace apiguard::datapath
