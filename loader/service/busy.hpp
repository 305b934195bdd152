// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A verb that holds the lock for long, because it was stopped or hangs, keeps the supervisor from
// its work: that is said once, and once that it is over.
#pragma once

#include <optional>
#include <string>

#include "loader/service/keeper.hpp"
#include "loader/service/pace.hpp"

namespace apiguard::service {

class Busy {
 public:
  explicit Busy(std::string run_dir) : run_dir_(std::move(run_dir)) {}

  // A round found the lock held. The message is due once, after ten seconds of that.
  [[nodiscard]] std::optional<Message> held(Moment now);
  // A round had it.
  [[nodiscard]] std::optional<Message> released(Moment now);
  // What was said and still holds; for the status.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // How soon to try again.
  [[nodiscard]] Span pause() const;

 private:
  [[nodiscard]] std::string describe(Moment now) const;

  std::string run_dir_;
  std::optional<Moment> since_;
  std::string problem_;
};

// 'R', 'S', 'T' and so on, of proc(5); 0: it is not known. Of the text of /proc/PID/stat, whatever
// the process calls itself. Pure.
[[nodiscard]] char state_in(const std::string& stat);

}  // namespace apiguard::service
