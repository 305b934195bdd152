// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one step that packets notice: every link from the old program to the new one. An update never
// detaches, because detaching can reset a NIC; an interface that has no link of ours yet gets one.
// If one step fails, those done are put back, so that the whole set runs the old program or the new
// one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/datapath/pins.hpp"
#include "loader/policy/policy.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

// An interface that is to be guarded, as it is now.
struct Target {
  std::string name;
  int ifindex = 0;
  bool native = false;           // how a program is attached there now; meaningless without one
  std::uint32_t foreign_id = 0;  // program on the hook that no link of ours put there, 0: none
  bool reattach =
      false;  // the generation in force guards it already by name: generic mode is nothing new
};

// The interface of a link, by what the link says of itself.
[[nodiscard]] Target target_of(const LinkState& link);

struct SwitchOptions {
  XdpMode xdp_mode = XdpMode::kAuto;
  bool accept_generic =
      false;  // `auto` may newly attach in generic mode; else Exit::kRefused and all put back
  bool pins_writable =
      true;  // false: update links only, attach nothing (a way out over a read-only bpffs)
  bool keep_going =
      false;  // boot: an interface that fails becomes a warning, as long as one is guarded
};

struct SwitchReport {
  std::vector<std::string> warnings;
  bool changed = false;  // some link was created or updated
};

// Exit::kOccupied: the hook is somebody else's; kUnsupported: neither mode works or the explicit
// one does not; kFailed: attached in the other mode ("detach first"), or the kernel said no.
[[nodiscard]] Result<SwitchReport> switch_links(const Pins& pins, const Live& live, int filter_fd,
                                                const std::vector<Target>& targets,
                                                const SwitchOptions& options);

// What would be refused by switch_links before anything is tried: foreign programs and mode
// changes.
[[nodiscard]] Result<> check_targets(const Live& live, const std::vector<Target>& targets,
                                     XdpMode xdp_mode);

// Takes our program off an interface (or off nothing, if its device is gone) and removes the pin
// where it can. Works by id where the pins are out of reach.
[[nodiscard]] Result<> detach_link(const LinkState& link);

// Removes the pin of a link whose device is gone; false if another link has taken its place there.
[[nodiscard]] Result<bool> remove_dead_link(const LinkState& link);

}  // namespace apiguard::datapath
