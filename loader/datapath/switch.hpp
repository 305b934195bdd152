// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one step that packets notice: every link from the old program to the new one. An update never
// detaches, because detaching can reset a NIC; an interface that has no link of ours yet gets one.
// If one step fails, those done are put back, so that the whole set runs the old program or the new
// one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/datapath/detach.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/datapath/target.hpp"
#include "loader/datapath/undo.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::datapath {

// What a link is on, by what the link says of itself.
[[nodiscard]] Target target_of(const LinkState& link);

struct SwitchOptions {
  XdpMode xdp_mode = XdpMode::kAuto;
  // `auto` may newly attach in generic mode; else Exit::kRefused and all put back.
  bool accept_generic = false;
  // false: update links only, attach nothing (a way out over a read-only bpffs).
  bool pins_writable = true;
  // Boot: an interface that fails becomes a warning, as long as one is guarded.
  bool keep_going = false;
};

struct SwitchReport {
  std::vector<std::string> warnings;
  // targets that run their program by what the calls answered
  std::vector<Placed> placed;
  // targets whose device went away meanwhile
  std::vector<Target> left_out;
  // with keep_going: targets that could not be guarded
  std::vector<Finding> failed;
  // of what was changed
  Undo undo;
  // some link was created or updated
  bool changed = false;
};

// Switches every target to the filter of its kind. That the kernel did what it answered is for
// read_back() to find out. A target whose device is gone is left out; Exit::kFailed if none is
// left. Exit::kOccupied: the hook is somebody else's; kUnsupported: neither mode works or the
// explicit one does not; kFailed: attached in the other mode ("detach first"), or the kernel said
// no.
[[nodiscard]] Result<SwitchReport> switch_links(const Pins& pins, const Live& live,
                                                const FilterFds& filters,
                                                const std::vector<Target>& targets,
                                                const SwitchOptions& options);

// What would be refused by switch_links before anything is tried: foreign programs and mode
// changes.
[[nodiscard]] Result<> check_targets(const std::vector<Target>& targets, XdpMode xdp_mode);

}  // namespace apiguard::datapath
