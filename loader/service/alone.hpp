// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One supervisor a host: the lock by which it is known to others.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "loader/base/result.hpp"
#include "loader/host/lock.hpp"
#include "loader/service/log.hpp"

namespace apiguard::service {

class Alone {
 public:
  // Exit::kFailed: another one runs. Where the lock is not to be had for another reason, it goes on
  // without it and says so on stderr.
  [[nodiscard]] static Result<Alone> begin(const std::string& run_dir);
  // To be called now and then: whoever clears the runtime folder takes the lock away. The message,
  // if there is one, says how that was mended or that it was not.
  [[nodiscard]] std::optional<Message> stay();

 private:
  Alone(std::string run_dir, std::optional<Lock> lock)
      : run_dir_(std::move(run_dir)), lock_(std::move(lock)) {}

  std::string run_dir_;
  std::optional<Lock> lock_;
};

}  // namespace apiguard::service
