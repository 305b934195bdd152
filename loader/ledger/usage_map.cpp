// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/usage_map.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "loader/datapath/ledger_maps.hpp"
#include "loader/datapath/maps.hpp"
#include "loader/datapath/objects.hpp"
#include "loader/datapath/privilege.hpp"
#include "loader/datapath/usage_size.hpp"

namespace apiguard::ledger {
namespace {

using datapath::hint_for;
using datapath::kernel_error;
using datapath::misfit_usage_map;
using datapath::usage_capacity;

// The kernel's own number for "this map has no such operation"; not in user space's errno.h.
constexpr int kNotSupported = 524;

tl::unexpected<Error> failed(std::string_view what, int error) {
  auto failure = kernel_error("map 'used'", std::string(what), error);
  failure.value().message += hint_for(error);
  return failure;
}

void take(const apiguard_used_key& key, const apiguard_used& value, Hits& uses) {
  if (key.family == 0) {
    uses.missed = value;
  } else {
    uses.ranges.push_back(hits_of(key, value));
  }
}

// Whole buckets come back at once: where one does not fit, more room is made.
class BatchReader {
 public:
  explicit BatchReader(int map_fd) : map_fd_(map_fd) {}

  // 0 or an errno.
  int read(Hits& uses) {
    for (bool first = true;; first = false) {
      const int error = read_some(first, uses);
      if (error == ENOENT) return 0;
      if (error != 0) return error;
    }
  }

 private:
  int read_some(bool first, Hits& uses) {
    while (true) {
      keys_.resize(room_);
      values_.resize(room_);
      __u32 count = room_;
      const int error = datapath::look_up_batch(map_fd_, first ? nullptr : &at_, &next_,
                                                keys_.data(), values_.data(), &count);
      if (error == ENOSPC) {
        room_ *= 2;
        continue;
      }
      if (error != 0 && error != ENOENT) return error;
      for (__u32 i = 0; i < count; ++i) take(keys_[i], values_[i], uses);
      at_ = next_;
      return error;
    }
  }

  int map_fd_;
  __u32 room_ = 4096;
  // the kernel's: a number of a bucket
  __u32 at_ = 0;
  __u32 next_ = 0;
  std::vector<apiguard_used_key> keys_;
  std::vector<apiguard_used> values_;
};

// Where the kernel has no batches (before 5.6). An entry that goes meanwhile starts it over.
int read_singly(int map_fd, Hits& uses) {
  apiguard_used_key key{};
  const apiguard_used_key* at = nullptr;
  apiguard_used_key next{};
  while (true) {
    const int error = datapath::next_key(map_fd, at, &next);
    if (error != 0) return error == ENOENT ? 0 : error;
    apiguard_used value{};
    if (datapath::look_up(map_fd, &next, &value) == 0) take(next, value, uses);
    key = next;
    at = &key;
  }
}

void put_in_order(std::vector<RangeHits>& uses) {
  std::sort(uses.begin(), uses.end(),
            [](const RangeHits& a, const RangeHits& b) { return a.prefix < b.prefix; });
  uses.erase(
      std::unique(uses.begin(), uses.end(),
                  [](const RangeHits& a, const RangeHits& b) { return a.prefix == b.prefix; }),
      uses.end());
}

// As the map definition of the program says: the kernel compares the two.
Fd make_map(std::uint32_t entries) {
  return datapath::make_map({BPF_MAP_TYPE_HASH, "used", sizeof(apiguard_used_key),
                             sizeof(apiguard_used), entries, BPF_F_NO_PREALLOC});
}

// No packet meets this map yet.
Result<> fill(int map_fd, const Hits& uses) {
  const apiguard_used_key nobody{};
  if (const int error = datapath::put(map_fd, &nobody, &uses.missed); error != 0)
    return failed("write", error);
  for (const RangeHits& use : uses.ranges) {
    const apiguard_used_key key = hits_key(use.prefix);
    const apiguard_used value{use.connections, nanoseconds_of(use.first), nanoseconds_of(use.last)};
    if (const int error = datapath::put(map_fd, &key, &value); error != 0)
      return failed("write", error);
  }
  return {};
}

Result<std::uint32_t> entries_of(int map_fd) {
  const auto entries = datapath::entries_of(map_fd);
  return entries ? entries
                 : Result<std::uint32_t>(failed("read its info", entries.error().os_error));
}

Result<> run_add(int add_fd, const apiguard_used_key& key, const apiguard_used& value) {
  apiguard_use frame{key, value};
  std::uint32_t answer = 0;
  const int error = datapath::run_once(add_fd, &frame, sizeof(frame), answer);
  if (error != 0) return failed("add", error);
  if (answer != XDP_PASS) return failed("add", ENOSPC);
  return {};
}

Result<Hits> read_all(const std::vector<Fd>& maps) {
  Hits all;
  for (const Fd& map : maps) {
    auto uses = read_hits(map.get());
    if (!uses) return fail(uses.error());
    all = all.ranges.empty() && all.missed.connections == 0 ? std::move(*uses) : united(all, *uses);
  }
  return all;
}

// What has come to `after` since `before`; both by prefix, and no entry of `before` went.
std::vector<RangeHits> arrived(const Hits& before, const Hits& after) {
  std::vector<RangeHits> uses;
  auto old = before.ranges.begin();
  for (RangeHits use : after.ranges) {
    while (old != before.ranges.end() && old->prefix < use.prefix) ++old;
    const bool known = old != before.ranges.end() && old->prefix == use.prefix;
    if (known && use.connections <= old->connections) continue;
    if (known) use.connections -= old->connections;
    uses.push_back(use);
  }
  return uses;
}

}  // namespace

Result<Hits> read_hits(int map_fd) {
  Hits uses;
  int error = BatchReader(map_fd).read(uses);
  if (error == kNotSupported || error == EOPNOTSUPP) {
    uses = {};
    error = read_singly(map_fd, uses);
  }
  if (error != 0) return failed("read", error);
  put_in_order(uses.ranges);
  return uses;
}

HitsRead read_hits(const datapath::Pins& pins) {
  auto opened = pins.open_usage_maps();
  HitsRead read{std::nullopt, std::move(opened.unread)};
  if (opened.maps.empty()) return read;
  auto uses = read_all(opened.maps);
  if (uses) {
    read.hits = std::move(*uses);
  } else {
    read.unread.push_back(uses.error().message);
  }
  return read;
}

Result<> remove_hits(const datapath::Pins& pins, const std::vector<Prefix>& prefixes) {
  if (prefixes.empty()) return {};
  const auto map = pins.open_usage_map_for_writing();
  if (!map) return fail(map.error());
  for (const Prefix& prefix : prefixes) {
    const apiguard_used_key key = hits_key(prefix);
    const int error = datapath::take_out(map->get(), &key);
    if (error != 0 && error != ENOENT) return failed("remove an entry", error);
  }
  return {};
}

Result<std::size_t> usage_room(const datapath::Pins& pins) {
  const auto maps = pins.open_usage_maps().maps;
  if (maps.empty()) return 0;
  const auto entries = entries_of(maps.front().get());
  if (!entries) return fail(entries.error());
  return *entries - 1;  // one is for what found no room
}

int UsageHandover::fd() const {
  if (copy_) return copy_.get();
  return olds_.empty() ? -1 : olds_.front().get();
}

UsageHandover UsageHandover::prepare(const datapath::Pins& pins, std::size_t ranges) {
  UsageHandover handover;
  const std::uint32_t capacity = usage_capacity(ranges + 1);
  handover.olds_ = pins.open_usage_maps().maps;
  if (!handover.goes_on(capacity)) handover.copy(capacity);
  return handover;
}

bool UsageHandover::goes_on(std::uint32_t capacity) const {
  if (olds_.size() != 1 || misfit_usage_map(olds_.front().get())) return false;
  const auto entries = entries_of(olds_.front().get());
  return entries && *entries >= capacity;
}

void UsageHandover::copy(std::uint32_t capacity) {
  auto before = read_all(olds_);
  if (!before) return begin_anew(before.error());
  before_ = std::move(*before);
  copy_ = make_map(std::max(capacity, usage_capacity(before_.ranges.size() + 1)));
  if (!copy_) {
    const auto why = failed("make", errno);
    return begin_anew(why.value());
  }
  if (auto filled = fill(copy_.get(), before_); !filled) begin_anew(filled.error());
}

// In a map that the object makes.
void UsageHandover::begin_anew(const Error& why) {
  olds_.clear();
  before_ = {};
  copy_ = Fd();
  warning_ = why.message + ": connections by range start over";
}

Result<> UsageHandover::finish(const datapath::Generation& generation) {
  if (!copied()) return {};
  const auto after = read_all(olds_);
  if (!after) return fail(after.error());
  for (const RangeHits& use : arrived(before_, *after)) {
    const apiguard_used value{use.connections, nanoseconds_of(use.first), nanoseconds_of(use.last)};
    if (auto added = run_add(generation.add_fd(), hits_key(use.prefix), value); !added)
      return added;
  }
  apiguard_used missed = after->missed;
  missed.connections -= std::min(missed.connections, before_.missed.connections);
  if (missed.connections == 0) return {};
  return run_add(generation.add_fd(), {}, missed);
}

}  // namespace apiguard::ledger
