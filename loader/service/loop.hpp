// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One thread that waits for descriptors and times, and does what belongs to them. Whatever else is
// to be done by the supervisor is one more call of watch() or every().
#pragma once

#include <chrono>
#include <functional>
#include <vector>

namespace apiguard::service {

class Loop {
 public:
  using Clock = std::chrono::steady_clock;
  using Action = std::function<void()>;

  // When the descriptor is readable or broken. Borrowed; may be called from an action. The action
  // must not wait, and takes what there is: where the kernel cannot be asked, it is called now and
  // then without a reason.
  void watch(int fd, Action action);
  // To be called before it is closed, also from its own action.
  void unwatch(int fd);
  // The first time after one interval. Late ones are not made up for.
  void every(Clock::duration interval, Action action);
  // Once.
  void after(Clock::duration delay, Action action);

  // Until stop(); an action that runs is brought to its end.
  void run();
  void stop() { stopped_ = true; }

 private:
  struct Descriptor {
    int fd;
    Action action;
  };
  struct Timer {
    Clock::time_point due;
    // zero: once
    Clock::duration interval;
    Action action;
  };

  [[nodiscard]] Clock::duration until_next() const;
  void wait();
  static void pause(Clock::duration longest);
  void run_timers();

  std::vector<Descriptor> descriptors_;
  std::vector<Timer> timers_;
  bool stopped_ = false;
};

}  // namespace apiguard::service
