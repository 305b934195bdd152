// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Changes that wait for the lock, each as a ticket: a file in RUN_DIR/queue (0700).
//
//   00000012345678901234-417-9f3c....ticket   waits; its text says what for
//   ....taken                                 whoever holds the lock is about to publish it
//   ....answer                                what became of it
//
// Numbers are times of the boot clock, so that names sort by who came first. The process that waits
// holds an flock on its ticket, which ends with it: a ticket without one is nobody's and is
// removed. Taking and withdrawing are one rename or removal each, so that exactly one of the two
// succeeds. What is left after a kill serves nobody and is removed by the next that leads. Nothing
// is synced. Who asks and who answers belong to root or the caller; files of others are not
// believed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loader/base/fd.hpp"
#include "loader/base/result.hpp"

namespace apiguard {

// Of one ticket at most: whoever asks for more waits without one.
inline constexpr std::size_t kMaxTicket = std::size_t{256} << 10;

// The ticket of this process.
class Ticket {
 public:
  // Exit::kFailed: the run directory cannot be written, or the text is too long. Whoever cannot
  // queue waits as ever.
  [[nodiscard]] static Result<Ticket> enter(const std::string& run_dir, const std::string& text);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_answered() const;
  // None: there is no answer, or it cannot be read.
  [[nodiscard]] std::optional<std::string> answer() const;
  // False: it has been taken, and what becomes of it is not known yet.
  [[nodiscard]] bool withdraw();

  // Removes what is left of it.
  ~Ticket();
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&&) = delete;

 private:
  Ticket(std::string folder, std::string name, Fd fd)
      : folder_(std::move(folder)), name_(std::move(name)), fd_(std::move(fd)) {}
  [[nodiscard]] std::string path(const char* suffix) const;

  std::string folder_;
  // empty: moved from
  std::string name_;
  // nothing is left of it
  bool withdrawn_ = false;
  // with the flock
  Fd fd_;
};

// The side of whoever holds the lock.
class Queue {
 public:
  explicit Queue(const std::string& run_dir);

  struct Waiting {
    std::string name;
    std::string text;
  };
  // Those whose process lives, first come first, at most so many; what a leader that died had taken
  // is among them. Removes what is nobody's. `own` lives, whoever asks.
  [[nodiscard]] std::vector<Waiting> waiting(const std::string& own, std::size_t most) const;
  // False: it was withdrawn, or its process is gone.
  [[nodiscard]] bool take(const std::string& name, const std::string& own) const;
  // Whether the process of a ticket that was taken still waits.
  [[nodiscard]] bool is_waiting(const std::string& name) const;
  // For the process that waits. An overtaken verb answers nobody: ECANCELED.
  [[nodiscard]] Result<> answer(const std::string& name, const std::string& text) const;

  // Answers that a verb which died, or was overtaken, was about to give. With the lock held.
  void remove_leftovers() const;

 private:
  [[nodiscard]] std::string path(const std::string& name, const char* suffix) const;

  std::string folder_;
};

}  // namespace apiguard
