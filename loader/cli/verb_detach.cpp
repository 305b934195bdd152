// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The only verb that takes the program off. It needs no file, no state and no lock that cannot be
// had.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/datapath/release.hpp"
#include "loader/disbelief.hpp"
#include "loader/fence.hpp"
#include "loader/host/lock.hpp"
#include "loader/host/marks.hpp"
#include "loader/policy/masked.hpp"
#include "loader/publish/used.hpp"
#include "loader/publish/world.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {
namespace {

std::string name_of(const publish::World& world, const datapath::LinkState& link) {
  for (const Interface& interface : world.interfaces) {
    if (interface.ifindex == link.ifindex) return interface.name;
  }
  return link.pin.substr(link.pin.rfind('/') + 1);
}

Result<std::vector<datapath::LinkState>> chosen_links(const publish::World& world,
                                                      const DetachOptions& options) {
  if (options.all) return world.live.links;
  std::vector<datapath::LinkState> chosen;
  for (const std::string& name : options.interfaces) {
    const auto found = std::find_if(world.live.links.begin(), world.live.links.end(),
                                    [&](const auto& link) { return name_of(world, link) == name; });
    if (found == world.live.links.end()) {
      return fail(
          Exit::kFailed,
          fmt::format("interface '{}': detach: no program of ours is attached there", name));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

// Before anything is taken off: it would be put back at once. Where no mark can be left, because
// RUN_DIR is full or read-only, there must be no supervisor.
Result<> keep_supervisor_off(const std::string& run_dir, std::vector<std::string> names, bool all) {
  if (all) names.emplace_back(kDetachedAll);
  const auto marked = add_detached(run_dir, names);
  if (marked) return {};
  if (auto ours = fence::check(); !ours) return ours;
  note(marked.error().message);
  if (disbelief::find(run_dir) != nullptr) {
    note(
        "whether 'apiguard run' runs is not known: it would attach again: 'systemctl stop "
        "apiguard'");
  }
  if (!Lock::is_held(run_dir, kSupervisorLock)) return {};
  const auto pid = Lock::holder(run_dir, kSupervisorLock);
  if (!pid || (kill(*pid, SIGTERM) != 0 && errno != ESRCH)) {
    return fail(Exit::kFailed,
                "the supervisor would attach again at once what is detached without a mark: "
                "'systemctl stop apiguard', then once more");
  }
  note(
      fmt::format("the supervisor (pid {}) is ended: without a mark it would attach again at "
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
void keep_use(const Places& places, const publish::World& world) {
  const auto kept = publish::save_used(places, publish::clocks(world));
  if (kept) {
    print_warnings(*kept);
  } else {
    note(kept.error().message);
  }
}

Result<Exit> detach(const CommandLine& line, const DetachOptions& options, bool locked) {
  const auto world = look_and_settle(line.places, true);
  if (!world) return fail(world.error());
  const auto links = chosen_links(*world, options);
  if (!links) return fail(links.error());
  const datapath::Pins pins(line.places.pin_dir);
  std::vector<std::string> names;
  for (const datapath::LinkState& link : *links) names.push_back(name_of(*world, link));
  if (auto off = keep_supervisor_off(line.places.run_dir, names, options.all); !off)
    return fail(off.error());
  std::optional<Error> failed;
  std::vector<std::string> gone;
  for (const datapath::LinkState& link : *links) {
    auto detached = datapath::detach_link(link);
    if (detached) gone.push_back(name_of(*world, link));
    if (!detached) failed = detached.error();
  }
  if (locked && !names.empty()) keep_use(line.places, *world);
  drop_generations(pins);
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  if (!gone.empty()) service::trace_detach(*world, line.command, gone);
  if (failed) return fail(*failed);
  print(names.empty()
            ? "nothing was attached"
            : fmt::format("detached: {}", masked_line(fmt::format("{}", fmt::join(names, ", ")))));
  return Exit::kDone;
}

}  // namespace

Result<Exit> run(const CommandLine& line, const DetachOptions& options) {
  const auto lock = take_lock(line, Ways::kOvertakes);
  if (!lock) return fail(lock.error());
  auto exit = detach(line, options, lock->has_value());
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  return exit;
}

}  // namespace apiguard::cli
