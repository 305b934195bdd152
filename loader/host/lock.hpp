// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One change at a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "loader/fd.hpp"
#include "loader/host/outlet.hpp"
#include "loader/result.hpp"

namespace apiguard {

// Held by the supervisor for as long as it runs.
inline constexpr const char* kSupervisorLock = "supervisor";

// Holds an flock on RUN_DIR/NAME ("lock" for changes), which the kernel releases when the holder
// dies. The file's text
// ("PID VERB\n") is only for the message of whoever waits in vain: Exit::kFailed naming pid and
// verb.
class Lock {
 public:
  [[nodiscard]] static Result<Lock> take(
      const std::string& run_dir, const std::string& verb,
      std::chrono::milliseconds patience = std::chrono::seconds(10), const char* name = "lock");

  // Whether somebody has it at this moment. Creates nothing.
  [[nodiscard]] static bool is_held(const std::string& run_dir, const char* name);

  // "pid 123 (apply)", of whoever has it or had it last.
  [[nodiscard]] static std::string describe_holder(const std::string& run_dir, const char* name);

  // Process id of whoever has it at this moment and said so; none: nobody, or it is not known.
  [[nodiscard]] static std::optional<int> holder(const std::string& run_dir, const char* name);

 private:
  explicit Lock(Fd fd) : fd_(std::move(fd)) {}
  outlet::Hurry hurry_;  // ends after the lock: what it kept is written when nobody waits any more
  Fd fd_;
};

}  // namespace apiguard
