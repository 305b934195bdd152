// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Network interfaces of the namespace we run in, over rtnetlink (libmnl).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "loader/base/result.hpp"

namespace apiguard {

struct Interface {
  // the kernel's
  std::string name;
  int ifindex = 0;
  // ARPHRD_*
  std::uint16_t type = 0;
  // ifindex of the bond or bridge it is a port of, 0: none
  int master = 0;
  // ifindex below a vlan, macvlan or ipvlan, 0: none here
  int lower = 0;
  // 0: no program on any hook
  std::uint32_t xdp_prog_id = 0;
  // IFLA_XDP_ATTACHED: XDP_ATTACHED_* of linux/if_link.h
  std::uint8_t xdp_attached = 0;
  // IFLA_INFO_KIND: "bond", "bridge", "vlan", "veth", ...; empty for hardware
  std::string kind;
  // a link of ours is on it; said by those who know the links
  bool guarded = false;
  // Other names that it bears (`ip link property`), up to 127 characters long.
  std::vector<std::string> altnames;
};

[[nodiscard]] Result<std::vector<Interface>> list_interfaces();

// Ethernet header in front of every packet: ARPHRD_ETHER, or the loopback.
[[nodiscard]] bool has_ethernet_header(const Interface& interface);

struct Selection {
  // each once, in the order of `wanted`
  std::vector<Interface> interfaces;
  // entries that match nothing
  std::vector<std::string> absent;
  // Bonds that are guarded at their ports, by name; those without a port are among them.
  std::vector<std::string> at_ports;
};
// A name or glob means an interface by any name that it bears: names match exactly, globs by
// fnmatch(3). Globs skip lo and the ports of a bridge that is itself
// matched.
//
// A bond that is matched is guarded itself, in place of its ports, unless one of them is matched or
// guarded, too: then all of them are. The kernel lets no port that carries a program join a bond
// that carries one, and a host whose interfaces are guarded as soon as they appear would lose its
// network. So a bond without ports, on which nothing arrives, waits for one if something else that
// is wanted may become its port. One that is guarded already stays so: the kernel lets no program
// on a port then.
[[nodiscard]] Selection select_interfaces(const std::vector<Interface>& present,
                                          const std::vector<std::string>& wanted);

// The kernel's name and then the others.
[[nodiscard]] std::vector<std::string> names_of(const Interface& interface);
[[nodiscard]] bool bears(const Interface& interface, const std::string& name);
// The interface that bears the name; null: none does. No two bear the same.
[[nodiscard]] const Interface* find_bearer(const std::vector<Interface>& present,
                                           const std::string& name);
// Null: there is none.
[[nodiscard]] const Interface* find_interface(const std::vector<Interface>& present, int ifindex);

// Whether one of `wanted` is one of these names or a glob that matches one.
[[nodiscard]] bool is_wanted(const std::vector<std::string>& wanted,
                             const std::vector<std::string>& names);

// How many devices lie one below the other under this one: its ports, or what it is a VLAN or the
// like of. The kernel attaches no program below one, so those with fewer come first.
[[nodiscard]] int layers_below(const std::vector<Interface>& present, const Interface& interface);

// These, and all interfaces on which packets arrive that came in through them: bonds and bridges of
// a port, VLANs and the like of a device.
[[nodiscard]] std::set<int> interfaces_above(const std::vector<Interface>& present,
                                             std::set<int> ifindexes);

}  // namespace apiguard
