// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/ledger_maps.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "apiguard/ledger.h"

namespace apiguard::datapath {
namespace {

// What a map has to be. Flags and entries as the object says; tests/bpf/kept_test.cpp compares.
struct Shape {
  std::string_view name;
  std::string_view content;
  bpf_map_type type;
  __u32 key_size;
  __u32 value_size;
  unsigned entries;
  __u32 flags;
  bool for_audit;
};

// In the order of LedgerMap.
constexpr std::array<Shape, kLedgerMaps.size()> kShapes{{
    {"counters", "counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(apiguard_counters), 1,
     0, false},
    {"denied", "denied sources", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_denied_bucket),
     APIGUARD_DENIED_BUCKETS, 0, false},
    {"seen", "sources seen in audit", BPF_MAP_TYPE_LRU_HASH, sizeof(apiguard_seen_key),
     sizeof(apiguard_seen), APIGUARD_SEEN_SOURCES, 0, true},
    {"flows", "connections seen in audit", BPF_MAP_TYPE_LRU_HASH, sizeof(apiguard_flow),
     sizeof(__u8), APIGUARD_SEEN_FLOWS, 0, true},
    {"watches", "watchers of events", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_watches),
     1, BPF_F_MMAPABLE, false},
    {"rings", "events", BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32), sizeof(__u32),
     APIGUARD_MAX_WATCHERS, 0, false},
    {"unproven", "unproven sources in audit", BPF_MAP_TYPE_LRU_HASH, sizeof(apiguard_seen_key),
     sizeof(apiguard_unproven), APIGUARD_UNPROVEN_SOURCES, 0, true},
}};

constexpr const Shape& shape_of(LedgerMap kept) {
  return kShapes.at(static_cast<std::size_t>(kept));
}

constexpr Shape kUsed = {"used",
                         "connections by range",
                         BPF_MAP_TYPE_HASH,
                         sizeof(apiguard_used_key),
                         sizeof(apiguard_used),
                         0,
                         BPF_F_NO_PREALLOC,
                         false};

std::optional<bpf_map_info> info_of(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map_fd, &info, &size) != 0) return std::nullopt;
  return info;
}

bool reads_as(const Shape& shape, const bpf_map_info& info) {
  return info.type == shape.type && info.key_size == shape.key_size &&
         info.value_size == shape.value_size;
}

// A frozen map is read-only for user space for good; nothing but /proc says so.
bool is_frozen(int map_fd) {
  std::ifstream lines(fmt::format("/proc/self/fdinfo/{}", map_fd));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("frozen:")) return line.find('1') != std::string::npos;
  }
  return false;
}

// Only a value with a spin lock where the program has it is read in this way.
bool has_lock(int map_fd) {
  apiguard_denied_bucket bucket{};
  const __u32 key = 0;
  return bpf_map_lookup_elem_flags(map_fd, &key, &bucket, BPF_F_LOCK) == 0;
}

std::string describe(const bpf_map_info& info) {
  const char* type = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(info.type));
  return fmt::format(
      "holds another map ({}, {}-byte keys, {}-byte values, {} entries, flags {:#x})",
      type != nullptr ? type : "unknown type", info.key_size, info.value_size, info.max_entries,
      info.map_flags);
}

Result<> check(const Shape& shape, int map_fd, const std::string& pin) {
  const auto info = info_of(map_fd);
  if (info && reads_as(shape, *info)) return {};
  return fail(
      Exit::kFailed,
      fmt::format("pin '{}': {}: the next change of the list replaces it, and {} start over", pin,
                  info ? describe(*info) : "cannot be inspected", shape.content));
}

std::optional<std::string> misfit(const Shape& shape, int map_fd) {
  const auto info = info_of(map_fd);
  if (!info) return fmt::format("cannot be inspected: {}", std::strerror(errno));
  const bool sized = shape.entries == 0 || info->max_entries == shape.entries;
  if (!reads_as(shape, *info) || !sized || info->map_flags != shape.flags) return describe(*info);
  if (is_frozen(map_fd)) return "is read-only (frozen)";
  return std::nullopt;
}

}  // namespace

std::string_view name_of(LedgerMap kept) { return shape_of(kept).name; }

std::string_view content_of(LedgerMap kept) { return shape_of(kept).content; }

bool is_for_audit(LedgerMap kept) { return shape_of(kept).for_audit; }

unsigned audit_entries(LedgerMap kept) {
  const Shape shape = shape_of(kept);
  return shape.for_audit ? shape.entries : 0;
}

Result<> check_ledger_map(LedgerMap kept, int map_fd, const std::string& pin) {
  return check(shape_of(kept), map_fd, pin);
}

Result<> check_usage_map(int map_fd, const std::string& pin) { return check(kUsed, map_fd, pin); }

std::optional<std::string> misfit(LedgerMap kept, int map_fd) {
  if (auto wrong = misfit(shape_of(kept), map_fd)) return wrong;
  if (kept == LedgerMap::kDenied && !has_lock(map_fd))
    return "holds another map (without its lock)";
  return std::nullopt;
}

std::optional<std::string> misfit_usage_map(int map_fd) { return misfit(kUsed, map_fd); }

bool is_secret_map(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  return bpf_obj_get_info_by_fd(map_fd, &info, &size) == 0 && info.type == BPF_MAP_TYPE_ARRAY &&
         info.key_size == sizeof(__u32) && info.value_size == sizeof(std::uint64_t) &&
         info.max_entries == 1;
}

}  // namespace apiguard::datapath
