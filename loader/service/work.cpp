// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/work.hpp"

#include <cerrno>
#include <chrono>

#include <fmt/format.h>

#include "loader/host/clock.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/lock.hpp"
#include "loader/ledger/usage.hpp"
#include "loader/publish/look.hpp"
#include "loader/publish/republish.hpp"
#include "loader/publish/settle.hpp"
#include "loader/service/tracing.hpp"
#include "loader/status/compute_status.hpp"

namespace apiguard::service {
namespace {

void tell_all(Level level, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) say(level, "apiguard: " + text);
}

}  // namespace

int failed(const Error& error) {
  say(Level::kError, "apiguard: " + error.message);
  return static_cast<int>(error.exit);
}

int save_usage_now(const Host& host, const Floor& floor) {
  const auto lock = Lock::take(host.run_dir, "run");
  if (!lock) return failed(lock.error());
  const auto saved = ledger::save_usage(host, believed_time(floor).now);
  if (!saved) return failed(saved.error());
  tell_all(Level::kWarning, *saved);
  return 0;
}

int files_differ(const Host& host) {
  const auto world = publish::look(host);
  if (!world) return failed(world.error());
  if (!world->in_force) return static_cast<int>(Exit::kNo);
  return status::read_text_status(host, *world->in_force).unapplied ? static_cast<int>(Exit::kNo)
                                                                    : 0;
}

int publish_again_now(const Host& host) {
  const auto lock = Lock::take(host.run_dir, "run");
  if (!lock) return failed(lock.error());
  publish::Settled settled;
  const auto world = publish::look_and_settle(host, {}, settled);
  tell_all(Level::kNotice, settled.messages);
  trace_settled(host, settled, world ? &*world : nullptr);
  if (!world) return failed(world.error());
  const auto published = publish::republish(host, *world);
  if (!published) return failed(published.error());
  if (!*published) return 0;
  trace_again(host, **published);
  tell_all(Level::kWarning, (*published)->warnings);
  say(Level::kNotice, fmt::format("apiguard: generation {} is in force: the same list, with expiry "
                                  "times by the current clock",
                                  (*published)->generation));
  return 0;
}

}  // namespace apiguard::service
