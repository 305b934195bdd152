// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// SIGHUP: the files are published as `apply` without a terminal does, and the service manager is
// told when that begins and ends.
#pragma once

#include <string>

#include "loader/service/children.hpp"
#include "loader/service/log.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/paced_task.hpp"

namespace apiguard::service {

class Reload {
 public:
  // All of them must outlive it. A round is asked for when a reload has ended.
  Reload(Loop& loop, Children& children, Log& log, PacedTask& rounds)
      : loop_(loop), children_(children), log_(log), rounds_(rounds) {}

  // One that comes while another runs is not lost: the files may have changed since.
  void begin();
  // ", the last reload failed with status 3", for STATUS; empty if it did not.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  void ended(int status);

  Loop& loop_;
  Children& children_;
  Log& log_;
  PacedTask& rounds_;
  bool again_ = false;
  std::string failure_;
};

}  // namespace apiguard::service
