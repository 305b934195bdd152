// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/kept.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include <fmt/format.h>

#include "apiguard/abi.h"

namespace apiguard::datapath {
namespace {

struct Shape {
  std::string_view name;
  bpf_map_type type;
  __u32 key_size;
  __u32 value_size;
  unsigned audit_entries;
};

constexpr Shape shape_of(Kept kept) {
  switch (kept) {
    case Kept::kCounters:
      return {"counters", BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(__u32), sizeof(apiguard_counters), 0};
    case Kept::kDenied:
      return {"denied", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_denied_bucket), 0};
    case Kept::kSeen:
      return {"seen", BPF_MAP_TYPE_LRU_HASH, sizeof(apiguard_seen_key), sizeof(apiguard_seen),
              APIGUARD_SEEN_SOURCES};
    case Kept::kFlows:
      return {"flows", BPF_MAP_TYPE_LRU_HASH, sizeof(apiguard_flow), sizeof(__u8),
              APIGUARD_SEEN_FLOWS};
    case Kept::kWatches:
      return {"watches", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(apiguard_watches), 0};
    case Kept::kRings:
      break;
  }
  return {"rings", BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(__u32), sizeof(__u32), 0};
}

}  // namespace

std::string_view name_of(Kept kept) { return shape_of(kept).name; }

bool is_for_audit(Kept kept) { return audit_entries(kept) != 0; }

unsigned audit_entries(Kept kept) { return shape_of(kept).audit_entries; }

Result<> check_kept(Kept kept, int map_fd, const std::string& pin) {
  const Shape shape = shape_of(kept);
  bpf_map_info info{};
  __u32 size = sizeof(info);
  const bool known = bpf_obj_get_info_by_fd(map_fd, &info, &size) == 0;
  if (known && info.type == shape.type && info.key_size == shape.key_size &&
      info.value_size == shape.value_size)
    return {};
  return fail(Exit::kFailed, fmt::format("pin '{}': is no map of ours: remove it by hand", pin));
}

}  // namespace apiguard::datapath
