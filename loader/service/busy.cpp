// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/busy.hpp"

#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "loader/host/lock.hpp"

namespace apiguard::service {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kLock = "lock";
constexpr auto kLong = seconds(10);

// A sandbox may hide the processes of others.
char state_of(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  return state_in({std::istreambuf_iterator<char>(file), {}});
}

bool is_stopped(int pid) {
  const char state = state_of(pid);
  return state == 'T' || state == 't';
}

std::string advice(std::optional<int> pid) {
  if (!pid) return "wait for it, or bypass it ('apiguard mode off')";
  if (is_stopped(*pid))
    return fmt::format("'kill -CONT {}', or bypass it ('apiguard mode off')", *pid);
  return fmt::format(
      "wait for it, end it ('kill {0}'; 'kill -CONT {0}' if it is stopped), or bypass it "
      "('apiguard mode off')",
      *pid);
}

}  // namespace

char state_in(const std::string& stat) {
  const std::size_t name_end = stat.rfind(')');
  return name_end == std::string::npos || name_end + 2 >= stat.size() ? '\0' : stat[name_end + 2];
}

std::string Busy::describe(Moment now) const {
  const auto pid = Lock::holder(run_dir_, kLock);
  return fmt::format(
      "lock '{}/{}': held by {} for {} s{}: until then no interface is newly guarded: {}", run_dir_,
      kLock, Lock::describe_holder(run_dir_, kLock), duration_cast<seconds>(now - *since_).count(),
      pid && is_stopped(*pid) ? ", which is stopped" : "", advice(pid));
}

std::optional<Message> Busy::held(Moment now) {
  if (!since_) since_ = now;
  if (now - *since_ < kLong || !problem_.empty()) return std::nullopt;
  problem_ = describe(now);
  return Message{Level::kWarning, "lock", problem_};
}

std::optional<Message> Busy::released(Moment now) {
  const auto since = std::exchange(since_, std::nullopt);
  if (std::exchange(problem_, std::string()).empty() || !since) return std::nullopt;
  return Message{Level::kNotice, "lock",
                 fmt::format("lock '{}/{}': is free again after {} s", run_dir_, kLock,
                             duration_cast<seconds>(now - *since).count())};
}

// Verbs take a moment; what takes longer is not to be asked ten times a second.
Span Busy::pause() const { return problem_.empty() ? milliseconds(100) : milliseconds(500); }

}  // namespace apiguard::service
