// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Work that takes long or much memory is done in processes of its own: the supervisor goes on
// watching, stays small, and outlives what goes wrong there.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "loader/host/places.hpp"

namespace apiguard::service {

class Children {
 public:
  // Verbs work in these places.
  explicit Children(Places places) : places_(std::move(places)) {}

  // Gets the exit status; 128 and the signal for one that was killed.
  using Ended = std::function<void(int status)>;

  // A copy of this process does `work` and exits with what that returns. One of a name at a time:
  // false if it runs already, or if no process is to be had.
  bool start(const std::string& name, const std::function<int()>& work, Ended ended);
  // This program, started afresh with this verb; nothing to read, and what it prints goes to our
  // stderr.
  bool start_verb(const std::string& name, const std::vector<std::string>& verb, Ended ended);

  [[nodiscard]] bool runs(const std::string& name) const;
  [[nodiscard]] bool any() const { return !running_.empty(); }

  // After SIGCHLD. Takes leave of strangers as well: what drop_generation() left behind is ours.
  void reap();

 private:
  struct Child {
    std::string name;
    Ended ended;
  };
  Places places_;
  std::map<pid_t, Child> running_;
};

}  // namespace apiguard::service
