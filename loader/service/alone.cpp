// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/alone.hpp"

#include <cerrno>
#include <chrono>

#include <fmt/format.h>

namespace apiguard::service {
namespace {

constexpr auto kPredecessor =
    std::chrono::seconds(2);  // one that was killed may have left a child for a moment

}  // namespace

Result<Alone> Alone::begin(const std::string& run_dir) {
  auto lock = Lock::take(run_dir, "run", kPredecessor, kSupervisorLock);
  if (lock) return Alone(run_dir, std::move(*lock));
  if (lock.error().os_error == EWOULDBLOCK) return fail(lock.error());
  say(Level::kWarning, "apiguard: " + lock.error().message + ": continuing without it");
  return Alone(run_dir, std::nullopt);
}

std::optional<Message> Alone::stay() {
  if (lock_ && Lock::is_held(run_dir_, kSupervisorLock)) return std::nullopt;
  auto taken = Lock::take(run_dir_, "run", std::chrono::milliseconds(0), kSupervisorLock);
  if (!taken) return Message{Level::kError, "alone", taken.error().message};
  lock_ = std::move(*taken);
  return Message{
      Level::kNotice, "alone",
      fmt::format("directory '{}': is back, and the supervisor is registered in it", run_dir_)};
}

}  // namespace apiguard::service
