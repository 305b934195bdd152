// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/paced_task.hpp"

#include <algorithm>

namespace apiguard::service {

void PacedTask::after(Span delay) { schedule(std::max(Loop::Clock::now() + delay, duty_.due())); }

void PacedTask::at(Moment due) {
  const Moment first = std::max(due, duty_.due());
  if (first > Loop::Clock::now()) return schedule(first);
  run();
}

void PacedTask::run() {
  due_.reset();
  duty_.began(Loop::Clock::now());
  work_();
}

// One that was overtaken by an earlier one finds another time in its place.
void PacedTask::schedule(Moment due) {
  if (due_ && *due_ <= due) return;
  due_ = due;
  loop_.after(due - Loop::Clock::now(), [this, due] {
    if (due_ == due) run();
  });
}

}  // namespace apiguard::service
