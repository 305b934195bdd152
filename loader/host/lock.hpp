// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One change at a time, and a way out whatever becomes of it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"
#include "loader/host/outlet.hpp"

namespace apiguard {

// Held by the supervisor for as long as it runs.
inline constexpr const char* kSupervisorLock = "supervisor";

// Holds an flock on RUN_DIR/NAME ("lock" for changes), which the kernel releases when the holder
// dies. Its text is for messages, and for the names of what the verb prepares
// (loader/base/fence.hpp):
//
//   1234 allow 203.0.113.0/24      pid and verb
//   number 18                      raised by every verb that takes the lock
//   overtaken by pid 1300 (mode off)
//
// A way out that waits in vain puts a file of its own in the place of the one it waits for, with a
// higher number: everybody waits for that from then on. Who holds the old file finds another one
// under the name, and has been overtaken.
class Lock {
 public:
  using Milliseconds = std::chrono::milliseconds;
  static constexpr Milliseconds kPatience = std::chrono::seconds(10);

  // Exit::kFailed with EWOULDBLOCK: somebody holds it; the message names pid and verb.
  [[nodiscard]] static Result<Lock> take(const std::string& run_dir, const std::string& verb,
                                         Milliseconds patience = kPatience,
                                         const char* name = "lock");
  // For whoever may be served by the holder meanwhile: none once `served` says so. The patience is
  // counted anew each time that the lock changes hands: the queue is going on.
  [[nodiscard]] static Result<std::optional<Lock>> take_unless(const std::string& run_dir,
                                                               const std::string& verb,
                                                               const std::function<bool()>& served,
                                                               Milliseconds patience = kPatience);
  // For ways out: overtakes who holds it for longer than `patience`. It fails only where the run
  // directory cannot be written.
  [[nodiscard]] static Result<Lock> take_or_overtake(const std::string& run_dir,
                                                     const std::string& verb,
                                                     Milliseconds patience = kPatience);

  // Whom, for the operator; none: nobody.
  [[nodiscard]] const std::optional<std::string>& overtaken() const { return overtaken_; }

  // Whether somebody has it at this moment. Creates nothing.
  [[nodiscard]] static bool is_held(const std::string& run_dir, const char* name);

  // "pid 123 (apply)", of whoever has it or had it last.
  [[nodiscard]] static std::string describe_holder(const std::string& run_dir, const char* name);

  // Process id of whoever has it at this moment and said so; none: nobody, or it is not known.
  [[nodiscard]] static std::optional<int> holder(const std::string& run_dir, const char* name);

  Lock(Lock&&) noexcept = default;
  Lock& operator=(Lock&&) noexcept = default;
  ~Lock();

 private:
  explicit Lock(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] static Lock of(Fd fd, const std::string& path,
                               std::optional<std::string> overtaken);
  void arm(const std::string& path);

  // ends after the lock: what it kept is written when nobody waits any more
  outlet::Hurry hurry_;
  Fd fd_;
  // the fence of this process is that of this lock
  bool fences_ = false;
  std::optional<std::string> overtaken_;
};

// Whether a process is stopped (Ctrl-Z, SIGSTOP, a debugger). Of none that is there: no.
[[nodiscard]] bool is_stopped(int pid);

}  // namespace apiguard
