// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/progress.hpp"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/host/outlet.hpp"

namespace apiguard::progress {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kBetween = std::chrono::milliseconds(250);

struct State {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::string what;
  // something has been going on
  Clock::time_point since;
  bool on_screen = false;
};

State& state() {
  static State one;
  return one;
}

// Both under the lock.
void take_off(State& now) {
  if (std::exchange(now.on_screen, false)) outlet::put_if_room(STDERR_FILENO, "\r\x1b[K");
}

void put_on(State& now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - now.since);
  outlet::put_if_room(STDERR_FILENO, fmt::format("\r\x1b[Kapiguard: {} ... {} s",
                                                 masked_line(now.what), seconds.count()));
  now.on_screen = true;
}

void watch(const std::stop_token& stop) {
  State& now = state();
  std::unique_lock lock(now.mutex);
  while (!stop.stop_requested()) {
    now.changed.wait_for(lock, stop, kBetween, [] { return false; });
    if (!stop.stop_requested() && !now.what.empty() && Clock::now() - now.since >= kPatience)
      put_on(now);
  }
  take_off(now);
}

}  // namespace

void step(std::string what) {
  State& now = state();
  const std::lock_guard lock(now.mutex);
  if (now.what.empty()) now.since = Clock::now();
  now.what = std::move(what);
  if (now.what.empty()) take_off(now);
}

void clear() {
  State& now = state();
  const std::lock_guard lock(now.mutex);
  take_off(now);
}

Watcher::Watcher() {
  if (isatty(STDERR_FILENO) != 1) return;
  try {
    thread_ = std::jthread(watch);
  } catch (const std::system_error&) {
    // No thread is to be had: what is done is not shown, but done.
  }
}

Watcher::~Watcher() = default;

}  // namespace apiguard::progress
