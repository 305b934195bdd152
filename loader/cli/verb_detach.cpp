// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The only verb that takes the program off. It needs no file, no state and no lock that cannot be
// had.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "loader/base/disbelief.hpp"
#include "loader/base/fence.hpp"
#include "loader/base/time.hpp"
#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/pin_names.hpp"
#include "loader/datapath/release.hpp"
#include "loader/host/caller.hpp"
#include "loader/host/detached.hpp"
#include "loader/host/lock.hpp"
#include "loader/ledger/sources.hpp"
#include "loader/ledger/usage.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/world.hpp"
#include "loader/report/detach.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

std::string name_of(const publish::World& world, const datapath::LinkState& link) {
  if (const auto ifindex = datapath::ifindex_of(link.point)) {
    if (const Interface* known = find_interface(world.interfaces, *ifindex)) return known->name;
  }
  return datapath::name_of_link_pin(link.pin);
}

Result<std::vector<datapath::LinkState>> chosen_links(const publish::World& world,
                                                      const DetachOptions& options) {
  if (options.all) return world.live.links;
  std::vector<datapath::LinkState> chosen;
  std::set<std::uint32_t> known;  // an interface may be named twice, by several names
  for (const std::string& name : options.interfaces) {
    const Interface* bearer = find_bearer(world.interfaces, name);
    const std::string& kernels = bearer != nullptr ? bearer->name : name;
    const auto found =
        std::find_if(world.live.links.begin(), world.live.links.end(),
                     [&](const auto& link) { return name_of(world, link) == kernels; });
    if (found == world.live.links.end()) {
      return fail(
          Exit::kFailed,
          fmt::format("interface '{}': detach: no program of apiguard is attached there", name));
    }
    if (known.insert(found->link_id).second) chosen.push_back(*found);
  }
  return chosen;
}

std::vector<DetachMark> marks_of(const publish::World& world,
                                 const std::vector<datapath::LinkState>& links, bool all) {
  const Timestamp now = publish::clocks(world).wall;
  const std::string by = whoami();
  std::vector<DetachMark> marks;
  marks.reserve(links.size() + 1);
  for (const datapath::LinkState& link : links)
    marks.push_back({name_of(world, link), now, by, datapath::ifindex_of(link.point).value_or(0)});
  if (all) marks.push_back({kDetachedAll, now, by, 0});
  return marks;
}

// Before anything is taken off: it would be put back at once. Where no mark can be left, because
// RUN_DIR is full or read-only, there must be no supervisor.
Result<> keep_supervisor_off(const std::string& run_dir, const std::vector<DetachMark>& marks) {
  const auto marked = add_detached(run_dir, marks);
  if (marked) return {};
  if (auto ours = fence::check(); !ours) return ours;
  note(marked.error().message);
  if (disbelief::find(run_dir) != nullptr) {
    note(
        "cannot tell whether 'apiguard run' is running: it would attach again: 'systemctl stop "
        "apiguard'");
  }
  if (!Lock::is_held(run_dir, kSupervisorLock)) {
    note("without a mark the next change, or 'apiguard run', attaches again");
    return {};
  }
  const auto pid = Lock::holder(run_dir, kSupervisorLock);
  if (!pid || (kill(*pid, SIGTERM) != 0 && errno != ESRCH)) {
    return fail(Exit::kFailed,
                "without a mark the supervisor would attach again at once: 'systemctl stop "
                "apiguard', then repeat this");
  }
  note(
      fmt::format("the supervisor (pid {}) is stopped: without a mark it would attach again at "
                  "once, and does so when it is started",
                  *pid));
  return {};
}

// With the last link goes what only links used; the counters stay.
void drop_generations(const datapath::Pins& pins) {
  const auto live = pins.read();
  if (!live || !live->links.empty()) return;
  for (const auto& generation : live->generations) {
    if (auto dropped = datapath::drop_generation(pins, generation.which); !dropped)
      note(dropped.error().message);
  }
}

// Now, because nothing may come by until the next boot.
void keep_use(const Host& host, const publish::World& world) {
  const auto kept = ledger::save_usage(host, publish::clocks(world));
  if (kept) {
    print_warnings(*kept);
  } else {
    note(kept.error().message);
  }
}

// Dropped lately by what would be taken off.
std::vector<DeniedSource> who_gets_in(const Host& host, const publish::World& world,
                                      std::vector<std::string>& warnings) {
  constexpr std::chrono::nanoseconds kLately = 24h;
  if (!world.in_force || publish::mode_of(*world.in_force) != Mode::kEnforce) return {};
  const Now now = publish::clocks(world);
  const auto map = host.pins.open_ledger_map(datapath::LedgerMap::kDenied);
  auto sources = map ? ledger::read_denied(map->get(), now, std::nullopt)
                     : Result<std::vector<DeniedSource>>(fail(map.error()));
  if (!sources) {
    warnings.push_back(sources.error().message + ": the sources that get in are not known");
    return {};
  }
  std::erase_if(*sources, [&](const DeniedSource& source) {
    return source.packets == source.would_drop || source.last < now.wall - kLately;
  });
  return std::move(*sources);
}

void say(const report::Detach& detach, bool json, const publish::World& world) {
  print_warnings(detach.warnings);
  print(json ? report::to_json(detach) : report::to_text(detach, publish::clocks(world).wall));
}

std::vector<std::string> names_of(const publish::World& world,
                                  const std::vector<datapath::LinkState>& links) {
  std::vector<std::string> names;
  names.reserve(links.size());
  for (const datapath::LinkState& link : links) names.push_back(name_of(world, link));
  return names;
}

Result<Exit> preview(const CommandLine& line, const DetachOptions& options) {
  const auto world = publish::look(line.host);
  if (!world) return fail(world.error());
  const auto links = chosen_links(*world, options);
  if (!links) return fail(links.error());
  report::Detach detach;
  detach.dry_run = true;
  detach.interfaces = names_of(*world, *links);
  detach.all = links->size() == world->live.links.size();
  detach.enforced = world->in_force && publish::mode_of(*world->in_force) == Mode::kEnforce;
  detach.gets_in = who_gets_in(line.host, *world, detach.warnings);
  say(detach, options.json, *world);
  return Exit::kDone;
}

Result<Exit> detach(const CommandLine& line, const DetachOptions& options, bool locked) {
  const auto world = look_and_settle(line.host, true);
  if (!world) return fail(world.error());
  const auto links = chosen_links(*world, options);
  if (!links) return fail(links.error());
  const datapath::Pins& pins = line.host.pins;
  const std::vector<std::string> names = names_of(*world, *links);
  const auto marks = marks_of(*world, *links, options.all);
  if (auto off = keep_supervisor_off(line.host.run_dir, marks); !off) return fail(off.error());
  std::optional<Error> failed;
  std::vector<std::string> gone;
  for (const datapath::LinkState& link : *links) {
    auto detached = datapath::detach_link(link);
    if (detached) gone.push_back(name_of(*world, link));
    if (!detached) failed = detached.error();
  }
  if (locked && !names.empty()) keep_use(line.host, *world);
  drop_generations(pins);
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  if (!gone.empty()) service::trace_detach(*world, line.command, gone);
  if (failed && !gone.empty()) {
    say({false, gone, false, {}, {}, true}, options.json, *world);
    failed->answered = true;
  }
  if (failed) return fail(*failed);
  say({false, names, options.all, {}, {}, true}, options.json, *world);
  return Exit::kDone;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const DetachOptions& options) {
  if (options.dry_run) return preview(line, options);
  const auto lock = take_lock(line, Ways::kOvertakes);
  if (!lock) return fail(lock.error());
  auto exit = detach(line, options, lock->has_value());
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  return exit;
}

}  // namespace apiguard::cli
