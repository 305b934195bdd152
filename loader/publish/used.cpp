// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/used.hpp"

#include <algorithm>

#include "loader/datapath/used.hpp"
#include "loader/host/clock.hpp"
#include "loader/policy/lookup.hpp"
#include "loader/publish/seen.hpp"

namespace apiguard::publish {
namespace {

constexpr Timestamp kDay = Timestamp{86400} * 1'000'000'000;
constexpr Timestamp kKept = 30 * kDay;

struct Read {
  UsedState state;   // as of now
  std::string boot;  // what the file said
  std::uint64_t generation = 0;
  std::vector<std::string> warnings;
  std::vector<std::string> unread;
};

// What no map of the kernel could be read for stays as it was saved last: taking it for a map that
// went would count twice what that says later.
Read read(const Places& places, const Now& now) {
  Read read;
  auto state = read_used_state(places.state_dir);
  if (state) {
    read.state = std::move(*state);
  } else {
    read.warnings.push_back(state.error().message + ": connections are counted anew");
  }
  read.boot = read.state.boot;
  read.generation = read.state.generation;
  auto kernel = datapath::read_used(datapath::Pins(places.pin_dir));
  if (kernel.uses || kernel.unread.empty())
    fold(read.state, read_boot_id(), kernel.uses.value_or(Uses{}), now);
  read.unread = std::move(kernel.unread);
  return read;
}

// Warnings of what was read, and of a folder that had the name of the file.
Result<std::vector<std::string>> write(const Places& places, const UsedState& state,
                                       std::vector<std::string> warnings) {
  const auto aside = write_used_state(places.state_dir, state);
  if (!aside) return fail(aside.error());
  if (!aside->empty()) warnings.push_back(moved_aside(*aside));
  return warnings;
}

bool is_off(const InForce& in_force) {
  if (in_force.settings.generation != 0) return in_force.settings.mode == APIGUARD_MODE_OFF;
  return !in_force.config || in_force.config->mode == Mode::kOff;
}

// ---- gaps

bool protected_before(const std::vector<Endpoint>& before, const Endpoint& endpoint) {
  return std::any_of(before.begin(), before.end(), [&](const Endpoint& known) {
    return known.port == endpoint.port && (!known.address || known.address == endpoint.address);
  });
}

// Whether there were packets until now that the new generation judges and nothing judged before.
bool leaves_gap(const World& world, const Request& request, const Plan& plan) {
  if (!world.in_force || is_off(*world.in_force) || !world.in_force->config) return true;
  const auto unguarded = [](const datapath::Target& target) { return target.link_id == 0; };
  const auto newly_protected = [&](const Endpoint& endpoint) {
    return !protected_before(world.in_force->config->endpoints, endpoint);
  };
  return std::any_of(plan.targets.begin(), plan.targets.end(), unguarded) ||
         std::any_of(request.policy.endpoints.begin(), request.policy.endpoints.end(),
                     newly_protected);
}

// A boot brings back what was in force: nobody could connect meanwhile but in its first seconds.
bool is_boot(const Request& request, const std::string& boot_of_file) {
  return request.republish && boot_of_file != read_boot_id();
}

// ---- entries of ranges that are gone

std::vector<UsedRange*> gone(UsedState& state, const RangeRefs& ranges) {
  std::vector<UsedRange*> gone;
  auto at = ranges.begin();
  for (UsedRange& used : state.ranges) {
    while (at != ranges.end() && (*at)->prefix < used.prefix) ++at;
    bool there = false;
    for (auto same = at; same != ranges.end() && (*same)->prefix == used.prefix; ++same)
      there = there || admits(*same);
    if (!there && used.current.connections > 0) gone.push_back(&used);
  }
  return gone;
}

// Out of the kernel's map goes what is too old, and what leaves no room for the ranges there are.
Result<> tidy(const datapath::Pins& pins, UsedState& state, const RangeRefs& ranges,
              Timestamp oldest) {
  std::vector<UsedRange*> entries = gone(state, ranges);
  if (entries.empty()) return {};
  const auto room = datapath::used_room(pins);
  if (!room) return fail(room.error());
  const auto last = [](const UsedRange* used) { return used->total().last; };
  std::sort(entries.begin(), entries.end(),
            [&](const UsedRange* a, const UsedRange* b) { return last(a) < last(b); });
  const std::size_t wanted = entries.size() + ranges.size();
  const std::size_t excess = wanted > *room ? std::min(wanted - *room, entries.size()) : 0;
  std::vector<Prefix> prefixes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i >= excess && last(entries[i]) >= oldest) break;
    prefixes.push_back(entries[i]->prefix);
    entries[i]->earlier = entries[i]->total();
    entries[i]->current = {};
  }
  return datapath::remove_used(pins, prefixes);
}

// Whether the program is on every interface that it is meant for.
bool guards_all(const World& world) {
  const auto& config = world.in_force->config;
  if (!config) return false;
  const auto targets = targets_of(*config, world);
  return targets && std::none_of(targets->targets.begin(), targets->targets.end(),
                                 [](const auto& target) { return target.link_id == 0; });
}

}  // namespace

Used read_used(const Places& places, const World& world) {
  Read found = read(places, clocks(world));
  Used used;
  used.state = std::move(found.state);
  used.warnings = std::move(found.warnings);
  used.unread = std::move(found.unread);
  const auto& in_force = world.in_force;
  // Of a change that could not be written down the file knows nothing.
  if (used.unread.empty() && in_force && !is_off(*in_force) &&
      used.state.generation >= in_force->generation && guards_all(world))
    used.observed_since = used.state.observed;
  return used;
}

Result<std::vector<std::string>> save_used(const Places& places, const Now& now) {
  Read found = read(places, now);
  for (const std::string& pin : found.unread)
    found.warnings.push_back(pin + ": connections by range are not saved");
  auto written = write(places, found.state, std::move(found.warnings));
  if (!written) return written;
  if (auto saved = save_seen(places, now, *written); !saved) return fail(saved.error());
  return written;
}

Result<> note_gap(const Places& places, const Now& now) {
  Read found = read(places, now);
  if (!found.state.observed) return {};
  found.state.observed = now.wall;
  found.state.added.clear();
  const auto written = write(places, found.state, {});
  return written ? Result<>() : Result<>(fail(written.error()));
}

bool attributes(const Places& places, const World& world) {
  return world.in_force && datapath::Pins(places.pin_dir).attributes(world.in_force->which());
}

Result<std::vector<std::string>> save_used(const Places& places, const World& world,
                                           const Request& request, const Plan& plan,
                                           bool attributed) {
  const Now now = clocks(world);
  Read found = read(places, now);
  UsedState& state = found.state;

  const Policy* before = world.judged();
  const RangeRefs after = deciding_ranges(plan.judged_by(request).ranges);
  Observed change;
  change.generation = plan.generation;
  change.judged = request.policy.mode != Mode::kOff;
  if (is_boot(request, found.boot)) {
    change.gap = found.generation < plan.generation;
    observe(state, change, after, after, now.wall);
  } else {
    change.gap = !attributed || before == nullptr || leaves_gap(world, request, plan) ||
                 found.generation < world.in_force->generation;
    observe(state, change, before != nullptr ? deciding_ranges(before->ranges) : RangeRefs{}, after,
            now.wall);
  }

  if (auto tidied = tidy(datapath::Pins(places.pin_dir), state, after, now.wall - kKept); !tidied)
    found.warnings.push_back(tidied.error().message);
  forget(state, after, now.wall - kKept);
  return write(places, state, std::move(found.warnings));
}

}  // namespace apiguard::publish
