// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/hook.hpp"

#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>

#include <fmt/format.h>

#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

HookMode mode_of(__u8 attached) {
  switch (attached) {
    case XDP_ATTACHED_NONE:
      return HookMode::kNone;
    case XDP_ATTACHED_DRV:
      return HookMode::kNative;
    case XDP_ATTACHED_SKB:
      return HookMode::kGeneric;
    case XDP_ATTACHED_HW:
      return HookMode::kOffload;
    default:
      return HookMode::kSeveral;
  }
}

std::string_view name_of(HookMode mode) {
  switch (mode) {
    case HookMode::kNative:
      return "native";
    case HookMode::kGeneric:
      return "generic";
    case HookMode::kOffload:
      return "offload";
    default:
      return "unknown";
  }
}

// The word of `ip link set` that takes off a program of this mode.
std::string_view word_of(HookMode mode) {
  switch (mode) {
    case HookMode::kNative:
      return "xdpdrv";
    case HookMode::kGeneric:
      return "xdpgeneric";
    case HookMode::kOffload:
      return "xdpoffload";
    default:
      return "xdp";
  }
}

// Links of one program on an interface of this number. One of another namespace with the same
// number and program cannot be told from it; nobody but us runs one program in two places.
std::optional<std::uint32_t> find_link(int ifindex, std::uint32_t prog_id) {
  for (const std::uint32_t id : link_ids()) {
    const auto link = open_link(id);
    const auto info = link ? link_info(link->get()) : Result<LinkInfo>(fail(link.error()));
    if (info && info->point == interface_point(ifindex) && info->prog_id == prog_id) return id;
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<Hook>> read_hook(int ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, options);
  const int error = -bpf_xdp_query(ifindex, 0, &options);
  if (error == ENODEV) return std::optional<Hook>();
  if (error > 0)
    return kernel_error(fmt::format("interface {}", ifindex), "ask for its XDP program", error);
  return std::optional(Hook{options.prog_id, mode_of(options.attach_mode)});
}

std::string describe_occupant(const Hook& hook) {
  const std::string name = program_name(hook.prog_id);
  return fmt::format("program {}{} ({} mode)", hook.prog_id,
                     name.empty() ? "" : fmt::format(" '{}'", name), name_of(hook.mode));
}

std::string advice_to_free(const std::string& interface, int ifindex, const Hook& hook) {
  if (const auto link_id = find_link(ifindex, hook.prog_id))
    return fmt::format("'bpftool link detach id {}'", *link_id);
  std::string by_netlink =
      fmt::format("'ip link set dev {} {} off'", interface, word_of(hook.mode));
  if (can_list_links()) return by_netlink;
  return fmt::format(
      "'bpftool link detach id N' where 'bpftool link list' shows a link N of program {}, else {}",
      hook.prog_id, by_netlink);
}

}  // namespace apiguard::datapath
