// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/cli/settling.hpp"

#include <cerrno>
#include <string>

#include <fmt/format.h>

#include "loader/base/fence.hpp"
#include "loader/cli/reading.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/republish.hpp"
#include "loader/publish/settle.hpp"
#include "loader/service/tracing.hpp"

namespace apiguard::cli {

Result<publish::World> look_and_settle(const Host& host, bool way_out) {
  publish::Settled settled;
  auto world = publish::look_and_settle(host, {way_out}, settled);
  for (const std::string& message : settled.messages) note(message);
  service::trace_settled(host, settled, world ? &*world : nullptr);
  if (world && world->unsettled) note(*world->unsettled);
  if (!world) return world;
  for (const std::string& stray : world->live.strays) note(datapath::describe_stray(stray));
  return way_out ? std::move(world) : republish_if_outdated(host, std::move(*world));
}

// What is published next is beside the book anyway: whoever cannot publish it alone goes on.
Result<publish::World> republish_if_outdated(const Host& host, publish::World world) {
  if (!world.is_outdated()) return world;
  const auto published = publish::republish(host, world);
  if (auto ours = fence::check(); !ours) return fail(ours.error());
  if (!published) {
    note(published.error().message + ": the book of leases is not in force as it is");
    return world;
  }
  if (!*published) return world;
  service::trace_again(host, **published);
  note(
      fmt::format("generation {}: a change that an earlier command wrote into the book of leases "
                  "is in force now",
                  (*published)->generation));
  return publish::look(host);
}

namespace {

bool is_no_place(int error) {
  return error == EROFS || error == ENOSPC || error == EDQUOT || error == EACCES ||
         error == EPERM || error == ENOENT || error == ENOTDIR;
}

// Who holds the lock then may be in the middle of a change, and cannot be told to end it.
std::string describe_risk(const Host& host) {
  const auto pid = Lock::holder(host.run_dir, "lock");
  if (!pid) return "continuing without it";
  return fmt::format(
      "continuing without it: pid {} holds the lock{} and may undo this when it resumes: 'kill -9 "
      "{}' ends it, then check 'apiguard status'",
      *pid, is_stopped(*pid) ? ", is stopped," : "", *pid);
}

}  // namespace

Result<std::optional<Lock>> take_lock(const CommandLine& line, Ways ways) {
  const std::string& run_dir = line.host.run_dir;
  auto taken = ways == Ways::kOvertakes ? Lock::take_or_overtake(run_dir, line.command)
                                        : Lock::take(run_dir, line.command);
  if (taken) {
    if (taken->overtaken()) note(*taken->overtaken());
    return std::optional(std::move(*taken));
  }
  const bool goes_on =
      ways == Ways::kOvertakes || (ways == Ways::kGoesOn && is_no_place(taken.error().os_error));
  if (!goes_on) return fail(taken.error());
  note(taken.error().message + ": " + describe_risk(line.host));
  return std::optional<Lock>();
}

}  // namespace apiguard::cli
