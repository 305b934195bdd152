// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Signals as something to read. Blocked from then on; children unblock them (children.hpp).
#pragma once

#include <optional>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard::service {

class Signals {
 public:
  // SIGTERM, SIGINT, SIGHUP, SIGCHLD.
  [[nodiscard]] static Result<Signals> open();
  // None where no descriptor is to be had: then they are to be taken now and then.
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::optional<Error>& unwatched() const { return unwatched_; }
  // Numbers of those that came.
  [[nodiscard]] static std::vector<int> take();

 private:
  Signals() = default;
  Fd fd_;
  std::optional<Error> unwatched_;
};

}  // namespace apiguard::service
