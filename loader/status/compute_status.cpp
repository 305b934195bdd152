// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/status/compute_status.hpp"

#include <linux/if_link.h>

#include <algorithm>

#include <fmt/format.h>

#include "loader/datapath/generation.hpp"
#include "loader/datapath/pin_names.hpp"
#include "loader/host/files.hpp"
#include "loader/ledger/counters.hpp"
#include "loader/policy/grant_lease.hpp"

namespace apiguard::status {
namespace {

struct Guarded {
  std::vector<report::InterfaceStatus> interfaces;
  // what makes the exit status 1
  std::vector<std::string> problems;
  // what does not
  std::vector<std::string> notes;
};

void take_link(report::InterfaceStatus& status, const datapath::LinkState& link) {
  status.ifindex = datapath::ifindex_of(link.point);
  status.attached = true;
  status.prog_id = link.prog_id;
  status.link_id = link.link_id;
}

report::InterfaceStatus describe(const Interface& interface, const datapath::LinkState* link) {
  report::InterfaceStatus status;
  status.name = interface.name;
  status.ifindex = interface.ifindex;
  if (link == nullptr) return status;
  take_link(status, *link);
  const bool generic = interface.xdp_attached == XDP_ATTACHED_SKB;
  status.xdp_mode = generic ? XdpMode::kGeneric : XdpMode::kNative;
  return status;
}

// Empty: as it should be.
std::string problem_of(const publish::World& world, const Interface& interface,
                       const datapath::LinkState* link) {
  if (link == nullptr && interface.xdp_prog_id != 0) {
    return fmt::format("interface '{}': not attached: its XDP hook runs program {}, not ours",
                       interface.name, interface.xdp_prog_id);
  }
  if (link == nullptr) return fmt::format("interface '{}': not attached", interface.name);
  if (publish::judges_in_force(world, *link)) return "";
  return fmt::format("interface '{}': runs {}, not generation {}", interface.name,
                     link->generation == 0 ? "a program that is not pinned"
                                           : fmt::format("generation {}", link->generation),
                     world.in_force->generation);
}

// One that cannot be guarded and that only a glob of the configuration stands for.
bool merely_matches(const Interface& interface, const Policy& config) {
  return !has_ethernet_header(interface) &&
         std::none_of(config.interfaces.begin(), config.interfaces.end(),
                      [&](const std::string& name) { return bears(interface, name); });
}

// Filters of ours on interfaces that no link of ours is on. Nobody without the privilege to look at
// programs by their id sees one.
std::vector<report::UnpinnedFilter> find_unpinned(const publish::World& world) {
  std::vector<report::UnpinnedFilter> found;
  for (const Interface& interface : world.interfaces) {
    if (interface.xdp_prog_id == 0 || interface.guarded) continue;
    const auto settings = datapath::Pins::settings_of_program(interface.xdp_prog_id);
    if (!settings) continue;
    found.push_back({interface.name, interface.ifindex, interface.xdp_prog_id, settings->generation,
                     static_cast<Mode>(settings->mode)});
  }
  return found;
}

std::string describe_unpinned(const Host& host, const report::UnpinnedFilter& filter) {
  return fmt::format(
      "interface '{}': runs a filter of apiguard, generation {} (program {}), whose pins are not "
      "in "
      "'{}': they are in another mount of bpffs or in the directory of another instance: run "
      "apiguard "
      "where they are, as in 'nsenter --target 1 --mount'",
      filter.name, filter.generation, filter.prog_id, host.pin_dir);
}

// What the generation in force wants guarded.
void add_wanted(Guarded& guarded, const publish::World& world, const publish::InForce& in_force) {
  if (!in_force.config) return;
  const auto wanted = select_interfaces(world.interfaces, in_force.config->interfaces);
  for (const Interface& interface : wanted.interfaces) {
    if (merely_matches(interface, *in_force.config)) {
      guarded.notes.push_back(
          fmt::format("interface '{}': has no Ethernet header and is not guarded", interface.name));
      continue;
    }
    const auto* link = publish::link_on(world, interface);
    guarded.interfaces.push_back(describe(interface, link));
    auto problem = problem_of(world, interface, link);
    if (!problem.empty()) guarded.problems.push_back(std::move(problem));
  }
  for (const std::string& bond : wanted.at_ports)
    guarded.notes.push_back(fmt::format("interface '{}': guarded at its ports", bond));
  for (const std::string& name : wanted.absent) {
    guarded.interfaces.push_back({name, {}, false, {}, {}, {}});
    // A name stands for an interface; a glob that matches nothing stands for none.
    const bool glob = name.find_first_of("*?[") != std::string::npos;
    auto& texts = glob ? guarded.notes : guarded.problems;
    texts.push_back(fmt::format("interface '{}': does not exist", name));
  }
}

std::string pin_name(const datapath::LinkState& link, int ifindex) {
  const std::string name = datapath::name_of_link_pin(link.pin);
  return name.empty() ? fmt::format("ifindex {}", ifindex) : name;
}

// Whatever else is attached and ours: interfaces that left the list or this namespace.
void add_elsewhere(Guarded& guarded, const publish::World& world) {
  for (const datapath::LinkState& link : world.live.links) {
    const auto ifindex = datapath::ifindex_of(link.point);
    if (!ifindex || link.point.gone()) continue;
    const bool told =
        std::any_of(guarded.interfaces.begin(), guarded.interfaces.end(),
                    [&](const auto& each) { return each.attached && each.ifindex == ifindex; });
    if (told) continue;
    const auto interface =
        std::find_if(world.interfaces.begin(), world.interfaces.end(),
                     [&](const Interface& each) { return publish::link_on(world, each) == &link; });
    if (interface != world.interfaces.end()) {
      guarded.interfaces.push_back(describe(*interface, &link));
      continue;
    }
    report::InterfaceStatus status;
    status.name = pin_name(link, *ifindex);
    take_link(status, link);
    guarded.interfaces.push_back(status);
  }
}

Guarded find_guarded(const publish::World& world) {
  Guarded guarded;
  if (world.in_force) add_wanted(guarded, world, *world.in_force);
  add_elsewhere(guarded, world);
  const bool attached = std::any_of(guarded.interfaces.begin(), guarded.interfaces.end(),
                                    [](const auto& each) { return each.attached; });
  if (!world.in_force) {
    guarded.problems.emplace_back(publish::kNothingInForce);
  } else if (!attached && guarded.problems.empty()) {
    guarded.problems.emplace_back("no interface is attached");
  }
  return guarded;
}

// Same bytes, or at least the same meaning. What cannot be compared counts as unapplied.
bool is_unapplied(const Result<Sources>& sources, const publish::InForce& in_force) {
  if (!in_force.config || !sources) return true;
  if (*sources == in_force.stored->sources) return false;
  const auto files = parse_policy(*sources, {.lint = false});
  const Policy* policy = in_force.policy();
  return !files || policy == nullptr || !difference(*policy, files->policy).empty();
}

void fill_policy(report::Status& status, const publish::InForce& in_force, const TextStatus& text) {
  status.generation = in_force.generation;
  status.edition = in_force.edition;
  status.mode = publish::mode_of(in_force);
  status.endpoints = publish::endpoints_of(in_force);
  status.unapplied = text.unapplied;
  status.fingerprint = text.fingerprint;
  status.fingerprint_permanent = text.fingerprint_permanent;
  status.ranges4 = text.ranges4;
  status.ranges6 = text.ranges6;
  // Without a text nothing is known of the list, but that none is loaded in mode off.
  if (!in_force.config && status.mode == Mode::kOff) status.ranges4 = status.ranges6 = 0;
}

Result<apiguard_counters> read_packets(const Host& host) {
  const auto counters = host.pins.open_counters();
  if (!counters) return fail(counters.error());
  return ledger::read_counters(counters->get());
}

void fill_leases(report::Status& status, const publish::World& world) {
  const Moment moment = publish::moment_of(world);
  for (const Lease& lease : live_leases(world.booked(), moment)) {
    ++status.leases.in_force;
    const std::chrono::nanoseconds left = end_of(lease.term, moment) - moment.now.wall;
    if (left < lease.term.duration / 4) ++status.leases.ending_soon;
  }
  status.leases.barred = live_bars(world.booked(), moment).size();
}

// An interface with a link of ours is guarded, whatever was taken off before.
bool is_void(const DetachMark& mark, const std::vector<report::InterfaceStatus>& interfaces) {
  return std::any_of(interfaces.begin(), interfaces.end(), [&](const auto& each) {
    const bool meant = mark.name == kDetachedAll || mark.is_of(each.name, each.ifindex.value_or(0));
    return each.attached && meant;
  });
}

void fill_detached(report::Status& status, const Host& host) {
  const Detached detached = read_detached(host.run_dir);
  for (const DetachMark& mark : detached.marks()) {
    if (!is_void(mark, status.interfaces)) status.detached.push_back(mark);
  }
}

void fill_window(report::Status& status, const publish::World& world) {
  if (!world.window || !world.window->open()) return;
  status.confirmed = false;
  status.confirm_deadline = world.window->until;
}

}  // namespace

TextStatus read_text_status(const Host& host, const publish::InForce& in_force) {
  TextStatus text;
  const auto sources = read_sources(host.config);
  if (sources) text.warnings = sources->warnings;
  text.unapplied = is_unapplied(sources, in_force);
  if (!in_force.config) return text;
  text.ranges4 = in_force.stored->meta.ranges4;
  text.ranges6 = in_force.stored->meta.ranges6;
  text.fingerprint = in_force.stored->meta.fingerprint;
  text.fingerprint_permanent = in_force.stored->meta.fingerprint_permanent;
  return text;
}

StatusReport compute_status(const Host& host, const publish::World& world, const TextStatus& text) {
  Guarded guarded = find_guarded(world);
  StatusReport standing;
  standing.status.interfaces = std::move(guarded.interfaces);
  standing.problems = std::move(guarded.problems);
  standing.notes = std::move(guarded.notes);
  standing.status.unpinned = find_unpinned(world);
  for (const auto& filter : standing.status.unpinned)
    standing.notes.push_back(describe_unpinned(host, filter));
  // Nothing of ours is in force, but not everything passes.
  if (!world.in_force && !standing.status.unpinned.empty())
    standing.problems = {"the pins here put nothing in force"};
  if (world.in_force) {
    fill_policy(standing.status, *world.in_force, text);
    fill_window(standing.status, world);
  }
  fill_leases(standing.status, world);
  fill_detached(standing.status, host);
  if (!world.in_force && !standing.status.detached.empty() && standing.status.unpinned.empty())
    standing.problems = {"nothing is in force: everything is detached"};
  standing.notes.insert(standing.notes.end(), world.book.damage.begin(), world.book.damage.end());
  for (const std::string& stray : world.live.strays)
    standing.notes.push_back(datapath::describe_stray(stray));
  standing.status.guarded = standing.problems.empty();
  if (world.damage) {
    standing.status.damaged = report::DamagedState{world.damage->generation,
                                                   standing.status.generation, world.damage->why};
  }
  // They outlive generations: after a detach they are still there, before the first apply they are
  // not.
  const auto packets = read_packets(host);
  if (!packets && world.in_force)
    standing.notes.insert(standing.notes.begin(), packets.error().message);
  standing.status.counters = packets.value_or(apiguard_counters{});
  return standing;
}

}  // namespace apiguard::status
