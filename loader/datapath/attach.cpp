// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/datapath/attach.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>
#include <cstring>

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

std::uint32_t program_on(int ifindex) {
  LIBBPF_OPTS(bpf_xdp_query_opts, options);
  if (bpf_xdp_query(ifindex, 0, &options) != 0) return 0;
  for (const __u32 id :
       {options.prog_id, options.drv_prog_id, options.skb_prog_id, options.hw_prog_id}) {
    if (id != 0) return id;
  }
  return 0;
}

// The kernel attaches nothing below a bond, bridge or VLAN that carries a program.
tl::unexpected<Error> occupied_above(const Target& target, int error) {
  return fail(
      Exit::kOccupied,
      fmt::format(
          "interface '{}': attach xdp: an interface on top of it carries a program: guard "
          "that one alone, or take its program off first ('apiguard detach', 'bpftool net')",
          target.name),
      error);
}

tl::unexpected<Error> attach_error(const Target& target, const char* mode, int error) {
  if (error == EBUSY || error == EEXIST) {
    const std::uint32_t id = program_on(target.ifindex);
    return id == 0 ? occupied_above(target, error) : occupied(target, id, error);
  }
  const Exit exit = driver_cannot(error) ? Exit::kUnsupported : Exit::kFailed;
  return fail(
      exit,
      fmt::format("interface '{}': attach xdp ({}): {}", target.name, mode, std::strerror(error)),
      error);
}

}  // namespace

tl::unexpected<Error> occupied(const Target& target, std::uint32_t id, int error) {
  const std::string name = program_name(id);
  return fail(
      Exit::kOccupied,
      fmt::format(
          "interface '{}': attach xdp: the hook belongs to program {}{}: take that off first "
          "('bpftool link list', 'ip link set dev {} xdp off') or guard another interface",
          target.name, id, name.empty() ? "" : fmt::format(" '{}'", name), target.name),
      error);
}

Result<Attached> attach(int filter_fd, const Target& target, XdpMode xdp_mode) {
  Attached attached;
  int error = 0;
  if (xdp_mode != XdpMode::kGeneric) {
    attached.link = create_native(filter_fd, target.ifindex, error);
    if (attached.link) return attached;
    if (xdp_mode == XdpMode::kNative || !driver_cannot(error))
      return attach_error(target, "native", error);
    attached.reason = std::strerror(error);
  }
  attached.generic = true;
  attached.link = create_link(filter_fd, target.ifindex, XDP_FLAGS_SKB_MODE, error);
  if (!attached.link) return attach_error(target, "generic", error);
  return attached;
}

}  // namespace apiguard::datapath
