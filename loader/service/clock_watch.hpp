// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Notices that the wall clock was set, by somebody or by NTP in a step: timerfd_create(2),
// TFD_TIMER_CANCEL_ON_SET. A clock that is slewed makes no notice.
#pragma once

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::service {

class ClockWatch {
 public:
  [[nodiscard]] static Result<ClockWatch> open();
  [[nodiscard]] int fd() const { return fd_.get(); }
  // After the descriptor became readable: takes the notice, and waits for the next.
  void again();

 private:
  explicit ClockWatch(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] bool arm() const;
  Fd fd_;
};

}  // namespace apiguard::service
