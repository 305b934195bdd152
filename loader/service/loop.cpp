// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/loop.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <utility>

namespace apiguard::service {
namespace {

constexpr auto kLongest = std::chrono::hours(1);
constexpr auto kBlind = std::chrono::milliseconds(100);
constexpr int kNone = -1;  // as ppoll(2) passes over

timespec to_timespec(Loop::Clock::duration time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds);
  return {seconds.count(), rest.count()};
}

}  // namespace

void Loop::watch(int fd, Action action) { descriptors_.push_back({fd, std::move(action)}); }

// The entry stays until nobody walks over the list.
void Loop::unwatch(int fd) {
  for (Descriptor& descriptor : descriptors_) {
    if (descriptor.fd == fd) descriptor.fd = kNone;
  }
}

void Loop::every(Clock::duration interval, Action action) {
  timers_.push_back({Clock::now() + interval, interval, std::move(action)});
}

void Loop::after(Clock::duration delay, Action action) {
  timers_.push_back({Clock::now() + delay, Clock::duration::zero(), std::move(action)});
}

void Loop::run() {
  while (!stopped_) {
    wait();
    run_timers();
  }
}

Loop::Clock::duration Loop::until_next() const {
  Clock::duration least = kLongest;
  const auto now = Clock::now();
  for (const Timer& timer : timers_) least = std::min(least, timer.due - now);
  return std::max(least, Clock::duration::zero());
}

// The kernel may have no memory for the question, or a limit of open files that was lowered below
// their number.
void Loop::pause(Clock::duration longest) {
  const timespec time = to_timespec(std::min<Clock::duration>(longest, kBlind));
  nanosleep(&time, nullptr);
}

// Actions may add descriptors: those are asked about the next time.
void Loop::wait() {
  std::erase_if(descriptors_, [](const Descriptor& one) { return one.fd == kNone; });
  std::vector<pollfd> polled;
  polled.reserve(descriptors_.size());
  for (const Descriptor& descriptor : descriptors_) polled.push_back({descriptor.fd, POLLIN, 0});
  const timespec timeout = to_timespec(until_next());
  const int ready = ppoll(polled.data(), polled.size(), &timeout, nullptr);
  const bool blind = ready < 0 && errno != EINTR;
  if (blind) pause(until_next());
  if (ready <= 0 && !blind) return;
  for (std::size_t i = 0; i < polled.size() && !stopped_; ++i) {
    if ((polled[i].revents == 0 && !blind) || descriptors_[i].fd != polled[i].fd) continue;
    // One that is closed would be ready for ever.
    if ((polled[i].revents & POLLNVAL) != 0) {
      descriptors_[i].fd = kNone;
      continue;
    }
    const Action action = descriptors_[i].action;
    action();
  }
}

void Loop::run_timers() {
  const auto now = Clock::now();
  std::vector<Action> due;
  for (Timer& timer : timers_) {
    if (timer.due > now) continue;
    due.push_back(timer.action);
    timer.due = now + timer.interval;
  }
  // A timer that runs once is over before its action can ask for another.
  std::erase_if(timers_, [&](const Timer& timer) {
    return timer.interval == Clock::duration::zero() && timer.due <= now;
  });
  for (const Action& action : due) {
    if (!stopped_) action();
  }
}

}  // namespace apiguard::service
