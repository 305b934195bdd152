// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Signals as something to read. Blocked from then on; children unblock them (children.hpp).
#pragma once

#include <vector>

#include "loader/fd.hpp"
#include "loader/result.hpp"

namespace apiguard::service {

class Signals {
 public:
  // SIGTERM, SIGINT, SIGHUP, SIGCHLD.
  [[nodiscard]] static Result<Signals> open();
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Numbers of those that came.
  [[nodiscard]] std::vector<int> take();

 private:
  explicit Signals(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace apiguard::service
