// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/sources.hpp"

#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>

#include "apiguard/ledger.h"
#include "loader/datapath/maps.hpp"
#include "loader/datapath/objects.hpp"

namespace apiguard::ledger {

using datapath::kernel_error;

// Bucket by bucket, each as a whole: the lock in it is for that.
Result<std::vector<DeniedSource>> read_denied(int map_fd, const Now& now,
                                              std::optional<std::uint64_t> since) {
  std::vector<DeniedSource> sources;
  for (__u32 i = 0; i < APIGUARD_DENIED_BUCKETS; ++i) {
    apiguard_denied_bucket bucket{};
    const int error = datapath::look_up(map_fd, &i, &bucket, BPF_F_LOCK);
    if (error == ENOENT) break;  // a smaller one, made where there was no room
    if (error != 0) return kernel_error("map 'denied'", "read", error);
    for (const apiguard_denied& denied : bucket.sources) {
      if (denied.packets == 0) continue;
      if (since && denied.since != static_cast<__u32>(*since)) continue;
      sources.push_back(denied_source(denied, now));
    }
  }
  return united(std::move(sources));
}

namespace {

// An entry that goes meanwhile starts the walk over: so many steps are more than a full map needs.
template <typename Value, typename Take>
Result<> walk(int map_fd, const char* name, int entries, const Take& take) {
  apiguard_seen_key key{};
  apiguard_seen_key next{};
  const apiguard_seen_key* at = nullptr;
  for (int step = 0; step < 4 * entries; ++step) {
    const int error = datapath::next_key(map_fd, at, &next);
    if (error == ENOENT) break;
    if (error != 0) return kernel_error(name, "read", error);
    Value value{};
    if (datapath::look_up(map_fd, &next, &value) == 0) take(next, value);
    key = next;
    at = &key;
  }
  return {};
}

template <typename Source>
void keep_once(std::vector<Source>& sources) {
  sources.erase(std::unique(sources.begin(), sources.end(),
                            [](const auto& a, const auto& b) { return a.source == b.source; }),
                sources.end());
}

}  // namespace

Result<std::vector<AuditSource>> read_audit_sources(int map_fd, const Now& now) {
  std::vector<AuditSource> sources;
  const auto take = [&](const apiguard_seen_key& key, const apiguard_seen& value) {
    sources.push_back(audit_source(key, value, now));
  };
  const auto walked = walk<apiguard_seen>(map_fd, "map 'seen'", APIGUARD_SEEN_SOURCES, take);
  if (!walked) return fail(walked.error());
  std::sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) {
    return a.source != b.source ? a.source < b.source : a.connections > b.connections;
  });
  keep_once(sources);
  return sources;
}

Result<std::vector<UnprovenSource>> read_unproven(int map_fd, const Now& now) {
  std::vector<UnprovenSource> sources;
  const auto take = [&](const apiguard_seen_key& key, const apiguard_unproven& value) {
    sources.push_back(unproven_source(key, value, now));
  };
  const auto walked =
      walk<apiguard_unproven>(map_fd, "map 'unproven'", APIGUARD_UNPROVEN_SOURCES, take);
  if (!walked) return fail(walked.error());
  std::sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) {
    return a.source != b.source ? a.source < b.source : a.packets > b.packets;
  });
  keep_once(sources);
  return sources;
}

Result<> write_audit_sources(int map_fd, const std::vector<AuditSource>& sources, const Now& now) {
  for (const AuditSource& source : sources) {
    const apiguard_seen_key key = seen_key(source);
    const apiguard_seen value = seen_value(source, now);
    if (const int error = datapath::put(map_fd, &key, &value); error != 0)
      return kernel_error("map 'seen'", "write", error);
  }
  return {};
}

}  // namespace apiguard::ledger
