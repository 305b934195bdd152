// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/status.hpp"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "loader/cli/reading.hpp"
#include "loader/cli/settling.hpp"
#include "loader/cli/verbs.hpp"
#include "loader/host/boot_unit.hpp"
#include "loader/host/doors.hpp"
#include "loader/host/lock.hpp"
#include "loader/publish/settle.hpp"
#include "loader/report/terminal.hpp"
#include "loader/service/snapshot.hpp"
#include "loader/status/compute_status.hpp"

namespace apiguard::cli {
namespace {

// What only a verb with the lock can put right, root's status does as well: an expired confirmation
// is not to wait for the next change. Where somebody holds the lock it waits for the next look.
void settle_if_expired(const Host& host, Result<publish::World>& world) {
  if (geteuid() != 0 || !world) return;
  if (!publish::has_expired(*world) && !world->is_outdated()) return;
  const auto lock = Lock::take(host.run_dir, "status", std::chrono::milliseconds(0));
  if (lock) world = look_and_settle(host, true);
  if (lock && world) world = republish_if_outdated(host, std::move(*world));
}

// A StatusReport, or a Snapshot of one.
template <typename StatusReport>
Exit show(const Host& host, StatusReport standing, bool json) {
  report::Status& status = standing.status;
  status.guarded_after_boot = guarded_after_boot(host);
  if (status.mode) {
    for (std::string& text : look_at_doors(status.endpoints, *status.mode))
      status.warnings.push_back(std::move(text));
  }
  print_warnings(status.warnings);
  for (const std::string& text : standing.notes) note(text);
  if (standing.status.generation && !standing.status.guarded_after_boot.value_or(true))
    print_warnings({kNotGuardedAfterBoot});
  for (const std::string& text : standing.problems) note(text);
  const bool colour = report::colour_wanted(STDOUT_FILENO);
  print(json ? report::to_json(standing.status) : report::to_text(standing.status, colour));
  return standing.problems.empty() ? Exit::kDone : Exit::kNo;
}

// Who may not look at the kernel gets what the supervisor has seen.
Result<Exit> show_snapshot(const CommandLine& line, bool json, const Error& why) {
  const auto snapshot = service::read_snapshot(line.host.run_dir);
  if (!snapshot) {
    return fail_in(why.message, {fmt::format("and there is no snapshot of 'apiguard run': {}",
                                             snapshot.error().message)});
  }
  note(service::describe_age(*snapshot));
  return show(line.host, *snapshot, json);
}

bool is_denied(const Error& error) {
  return geteuid() != 0 && (error.os_error == EACCES || error.os_error == EPERM);
}

}  // namespace

Result<Exit> run(const CommandLine& line, const StatusOptions& options) {
  auto world = look_for_reading(line.host);
  settle_if_expired(line.host, world);
  if (!world && is_denied(world.error())) return show_snapshot(line, options.json, world.error());
  if (!world) return fail(world.error());
  status::TextStatus text;
  if (world->in_force) {
    text = status::read_text_status(line.host, *world->in_force);
    if (!world->in_force->config) note(text_unknown(*world->in_force).message);
  }
  status::StatusReport standing = status::compute_status(line.host, *world, text);
  standing.status.warnings = std::move(text.warnings);
  return show(line.host, std::move(standing), options.json);
}

}  // namespace apiguard::cli
