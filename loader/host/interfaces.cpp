// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/interfaces.hpp"

#include <fnmatch.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "loader/host/netlink.hpp"
#include "loader/host/netlink_readers.hpp"

namespace apiguard {
namespace {

// ---- the link list of the kernel

std::string text_of(const nlattr* attribute) {
  return mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) < 0 ? "" : mnl_attr_get_str(attribute);
}

// With programs on several hooks (XDP_ATTACHED_MULTI) there is no IFLA_XDP_PROG_ID, only one a
// hook.
int take_xdp(const nlattr* attribute, void* data) {
  Interface& interface = *static_cast<Interface*>(data);
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_XDP_ATTACHED:
      if (mnl_attr_validate(attribute, MNL_TYPE_U8) >= 0) {
        interface.xdp_attached = mnl_attr_get_u8(attribute);
      }
      break;
    case IFLA_XDP_PROG_ID:
    case IFLA_XDP_DRV_PROG_ID:
    case IFLA_XDP_SKB_PROG_ID:
    case IFLA_XDP_HW_PROG_ID:
      if (interface.xdp_prog_id == 0) interface.xdp_prog_id = number_of(attribute);
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

int take_link_info(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) {
    static_cast<Interface*>(data)->kind = text_of(attribute);
  }
  return MNL_CB_OK;
}

int take_property(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == IFLA_ALT_IFNAME) {
    if (std::string name = text_of(attribute); !name.empty())
      static_cast<Interface*>(data)->altnames.push_back(std::move(name));
  }
  return MNL_CB_OK;
}

int take_attribute(const nlattr* attribute, void* data) {
  Interface& interface = *static_cast<Interface*>(data);
  switch (mnl_attr_get_type(attribute)) {
    case IFLA_IFNAME:
      interface.name = text_of(attribute);
      break;
    case IFLA_MASTER:
      interface.master = static_cast<int>(number_of(attribute));
      break;
    case IFLA_LINK:
      interface.lower = static_cast<int>(number_of(attribute));
      break;
    case IFLA_LINK_NETNSID:  // comes behind IFLA_LINK, whose number is one of another namespace
      interface.lower = 0;
      break;
    case IFLA_LINKINFO:
      return mnl_attr_parse_nested(attribute, take_link_info, data);
    case IFLA_PROP_LIST:
      return mnl_attr_parse_nested(attribute, take_property, data);
    case IFLA_XDP:
      return mnl_attr_parse_nested(attribute, take_xdp, data);
    default:
      break;
  }
  return MNL_CB_OK;
}

// Of other kinds it is the device at the far end (veth) or the one that carries a tunnel, whose
// packets say nothing of what is inside.
bool shares_packets_with_lower(const Interface& interface) {
  constexpr std::array<std::string_view, 5> kKinds = {"vlan", "macvlan", "macvtap", "ipvlan",
                                                      "ipvtap"};
  return std::find(kKinds.begin(), kKinds.end(), interface.kind) != kKinds.end();
}

}  // namespace

int read_link(const nlmsghdr* message, void* data) {
  if (message->nlmsg_type != RTM_NEWLINK) return MNL_CB_OK;
  if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg)) return MNL_CB_OK;
  const auto* header = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  Interface interface;
  interface.ifindex = header->ifi_index;
  interface.type = header->ifi_type;
  const int parsed = mnl_attr_parse(message, sizeof(ifinfomsg), take_attribute, &interface);
  if (!shares_packets_with_lower(interface)) interface.lower = 0;
  static_cast<std::vector<Interface>*>(data)->push_back(std::move(interface));
  return parsed;
}

namespace {

// ---- selection

bool is_glob(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

bool is_loopback(const Interface& interface) {
  return interface.type == ARPHRD_LOOPBACK || interface.name == "lo";
}

bool matches_name(const std::string& glob, const std::string& name) {
  return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
}

bool matches(const std::string& wanted, const Interface& interface) {
  if (bears(interface, wanted)) return true;
  if (!is_glob(wanted) || is_loopback(interface)) return false;
  const auto& others = interface.altnames;
  return matches_name(wanted, interface.name) ||
         std::any_of(others.begin(), others.end(),
                     [&](const std::string& name) { return matches_name(wanted, name); });
}

bool matches_any(const std::vector<std::string>& wanted, const Interface& interface) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& entry) { return matches(entry, interface); });
}

bool is_master(const Interface& interface) {
  return interface.kind == "bond" || interface.kind == "bridge";
}

const Interface* matched_master(const std::vector<Interface>& present,
                                const std::vector<std::string>& wanted,
                                const Interface& interface) {
  if (interface.master == 0) return nullptr;
  const auto found = std::find_if(present.begin(), present.end(), [&](const Interface& master) {
    return master.ifindex == interface.master && is_master(master) && matches_any(wanted, master);
  });
  return found == present.end() ? nullptr : &*found;
}

// What arrives on a port arrives on its bridge too, where it is judged: twice would count it twice.
// A bond knows itself where it is guarded.
bool is_stood_for(const std::vector<Interface>& present, const std::vector<std::string>& wanted,
                  const std::string& entry, const Interface& interface) {
  const Interface* master = matched_master(present, wanted, interface);
  return master != nullptr && (master->kind == "bond" || !bears(interface, entry));
}

std::vector<Interface> ports_of(const std::vector<Interface>& present, const Interface& master) {
  std::vector<Interface> ports;
  std::copy_if(present.begin(), present.end(), std::back_inserter(ports),
               [&](const Interface& interface) { return interface.master == master.ifindex; });
  return ports;
}

// Something that the entry stands for, now or when it appears.
bool may_be_port(const std::vector<Interface>& present, const std::string& entry) {
  if (entry.find_first_of("*?[") == 0) return true;
  bool found = false;
  for (const Interface& interface : present) {
    if (!matches(entry, interface)) continue;
    found = true;
    if (interface.master == 0 && !is_master(interface) && interface.kind != "vlan") return true;
  }
  return !found;
}

bool is_guarded_at_ports(const std::vector<Interface>& present,
                         const std::vector<std::string>& wanted, const Interface& bond,
                         const std::vector<Interface>& ports) {
  if (bond.guarded) return false;
  if (ports.empty()) {
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](const std::string& entry) { return may_be_port(present, entry); });
  }
  return std::any_of(ports.begin(), ports.end(), [&](const Interface& port) {
    return port.guarded || matches_any(wanted, port);
  });
}

// Not a VRF, whose ports keep what arrives on them.
bool stands_for_ports(const std::vector<Interface>& present, int ifindex) {
  return std::any_of(present.begin(), present.end(), [&](const Interface& interface) {
    return interface.ifindex == ifindex && interface.kind != "vrf";
  });
}

void add_once(std::vector<Interface>& to, const Interface& interface) {
  const bool known = std::any_of(to.begin(), to.end(), [&](const Interface& present) {
    return present.ifindex == interface.ifindex;
  });
  if (!known) to.push_back(interface);
}

}  // namespace

// NLM_F_DUMP_INTR (libmnl says EINTR): links changed while the kernel listed them, so some may be
// missing.
Result<std::vector<Interface>> list_interfaces() {
  using List = std::vector<Interface>;
  return ask_until_whole<List>([](List& list) {
    return dump<ifinfomsg>(RTM_GETLINK, AF_UNSPEC, "list the links", read_link, &list,
                           [](nlmsghdr* message) {
                             mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
                           });
  });
}

bool has_ethernet_header(const Interface& interface) {
  return interface.type == ARPHRD_ETHER || interface.type == ARPHRD_LOOPBACK;
}

Selection select_interfaces(const std::vector<Interface>& present,
                            const std::vector<std::string>& wanted) {
  Selection selection;
  const auto take = [&](const Interface& interface) {
    const auto ports =
        interface.kind == "bond" ? ports_of(present, interface) : std::vector<Interface>();
    if (interface.kind != "bond" || !is_guarded_at_ports(present, wanted, interface, ports))
      return add_once(selection.interfaces, interface);
    for (const Interface& port : ports) add_once(selection.interfaces, port);
    auto& names = selection.at_ports;
    if (std::find(names.begin(), names.end(), interface.name) == names.end())
      names.push_back(interface.name);
  };
  for (const std::string& entry : wanted) {
    bool found = false;
    for (const Interface& interface : present) {
      if (!matches(entry, interface)) continue;
      found = true;  // also where another one stands for it
      if (!is_stood_for(present, wanted, entry, interface)) take(interface);
    }
    if (!found) selection.absent.push_back(entry);
  }
  return selection;
}

std::vector<std::string> names_of(const Interface& interface) {
  std::vector<std::string> names{interface.name};
  names.insert(names.end(), interface.altnames.begin(), interface.altnames.end());
  return names;
}

bool bears(const Interface& interface, const std::string& name) {
  const auto& others = interface.altnames;
  return interface.name == name || std::find(others.begin(), others.end(), name) != others.end();
}

const Interface* find_interface(const std::vector<Interface>& present, int ifindex) {
  const auto found = std::find_if(present.begin(), present.end(), [&](const Interface& interface) {
    return interface.ifindex == ifindex;
  });
  return found == present.end() ? nullptr : &*found;
}

const Interface* find_bearer(const std::vector<Interface>& present, const std::string& name) {
  const auto found = std::find_if(present.begin(), present.end(), [&](const Interface& interface) {
    return bears(interface, name);
  });
  return found == present.end() ? nullptr : &*found;
}

bool is_wanted(const std::vector<std::string>& wanted, const std::vector<std::string>& names) {
  if (names.empty()) return false;
  Interface interface;
  interface.name = names.front();
  interface.altnames.assign(names.begin() + 1, names.end());
  return matches_any(wanted, interface);
}

int layers_below(const std::vector<Interface>& present, const Interface& interface) {
  constexpr int kMost = 8;  // that the kernel stacks
  std::set<int> at{interface.ifindex};
  for (int layers = 0; layers < kMost; ++layers) {
    std::set<int> below;
    for (const Interface& other : present) {
      if (at.contains(other.ifindex) && other.lower != 0) below.insert(other.lower);
      if (at.contains(other.master)) below.insert(other.ifindex);
    }
    if (below.empty()) return layers;
    at = std::move(below);
  }
  return kMost;
}

// What arrives on a port arrives on its bond or bridge, what arrives on a device on the VLANs above
// it: as often as there are layers.
std::set<int> interfaces_above(const std::vector<Interface>& present, std::set<int> ifindexes) {
  for (std::size_t before = 0; before != ifindexes.size();) {
    before = ifindexes.size();
    for (const Interface& interface : present) {
      if (ifindexes.contains(interface.lower)) ifindexes.insert(interface.ifindex);
      if (ifindexes.contains(interface.ifindex) && stands_for_ports(present, interface.master)) {
        ifindexes.insert(interface.master);
      }
    }
  }
  return ifindexes;
}

}  // namespace apiguard
