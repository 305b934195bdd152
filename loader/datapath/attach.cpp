// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/attach.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "loader/datapath/objects.hpp"

namespace apiguard::datapath {
namespace {

Fd create_link(int filter_fd, int ifindex, __u32 mode_flag, int& error) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = mode_flag);
  Fd link(bpf_link_create(filter_fd, ifindex, BPF_XDP, &options));
  error = link ? 0 : errno;
  return link;
}

Fd create_native(int filter_fd, int ifindex, int& error) {
  Fd link = create_link(filter_fd, ifindex, XDP_FLAGS_DRV_MODE, error);
  if (error == ENOMEM) link = create_link(filter_fd, ifindex, XDP_FLAGS_DRV_MODE, error);
  return link;
}

bool driver_cannot(int error) {
  return error == EOPNOTSUPP || error == ENOMEM || error == EINVAL || error == ERANGE;
}

// The kernel attaches nothing below a bond, bridge or VLAN that carries a program.
tl::unexpected<Error> occupied_above(const Target& target, int error) {
  return fail(
      Exit::kOccupied,
      fmt::format("interface '{}': attach xdp: an interface on top of it carries a program: guard "
                  "only that one, or remove its program first ('apiguard detach', 'bpftool net')",
                  target.name),
      error);
}

tl::unexpected<Error> attach_error(const Target& target, const char* mode, int error) {
  if (error == EBUSY || error == EEXIST) {
    const auto hook = read_hook(target.point.ifindex());
    if (hook && *hook && (*hook)->prog_id != 0) return occupied(target, **hook, error);
    return occupied_above(target, error);
  }
  const Exit exit = driver_cannot(error) ? Exit::kUnsupported : Exit::kFailed;
  return fail(
      exit,
      fmt::format("interface '{}': attach xdp ({}): {}", target.name, mode, std::strerror(error)),
      error);
}

Result<Attached> attach_to_interface(int filter_fd, const Target& target, XdpMode xdp_mode) {
  Attached attached;
  int error = 0;
  if (xdp_mode != XdpMode::kGeneric) {
    attached.link = create_native(filter_fd, target.point.ifindex(), error);
    if (attached.link) return attached;
    if (xdp_mode == XdpMode::kNative || !driver_cannot(error))
      return attach_error(target, "native", error);
    attached.reason = std::strerror(error);
  }
  attached.generic = true;
  attached.link = create_link(filter_fd, target.point.ifindex(), XDP_FLAGS_SKB_MODE, error);
  if (!attached.link) return attach_error(target, "generic", error);
  return attached;
}

// Once more where a filter of ours was being freed.
Result<Attached> attach_when_freed(int filter_fd, const Target& target, XdpMode xdp_mode) {
  auto attached = attach_to_interface(filter_fd, target, xdp_mode);
  if (attached || attached.error().exit != Exit::kOccupied || !is_freed(target.point.ifindex()))
    return attached;
  return attach_to_interface(filter_fd, target, xdp_mode);
}

}  // namespace

tl::unexpected<Error> occupied(const Target& target, const Hook& hook, int error) {
  const std::string advice = advice_to_free(target.name, target.point.ifindex(), hook);
  const std::string what = fmt::format("interface '{}': attach xdp: the hook belongs to {}",
                                       target.name, describe_occupant(hook));
  const auto ours = settings_of(hook.prog_id);
  if (!ours)
    return fail(Exit::kOccupied,
                fmt::format("{}: remove that first ({}) or guard another interface", what, advice),
                error);
  return fail(
      Exit::kOccupied,
      fmt::format("{}, a filter of apiguard itself (generation {}) whose pins are not in "
                  "this directory: run this where they are (another mount of bpffs, another "
                  "--pin-dir), or remove that first ({}): until then it keeps filtering",
                  what, ours->generation, advice),
      error);
}

Result<Attached> attach(int filter_fd, const Target& target, XdpMode xdp_mode) {
  switch (target.point.kind) {
    case AttachKind::kInterface:
      return attach_when_freed(filter_fd, target, xdp_mode);
  }
  return fail(Exit::kUnsupported, describe(target) + ": attach: unknown kind of link");
}

bool is_freed(int ifindex) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  constexpr milliseconds kPatience{500};
  constexpr milliseconds kPause{20};
  const auto end = steady_clock::now() + kPatience;
  while (true) {
    const auto hook = read_hook(ifindex);
    if (!hook || !*hook) return false;
    if ((*hook)->prog_id == 0) return (*hook)->mode == HookMode::kNone;
    if (!settings_of((*hook)->prog_id) || steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace apiguard::datapath
