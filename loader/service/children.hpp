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

#include "loader/base/fd.hpp"
#include "loader/host/journal.hpp"
#include "loader/ledger/host.hpp"
#include "loader/service/loop.hpp"

namespace apiguard::service {

class Children {
 public:
  // A line that one of them said.
  using Hear = std::function<void(const std::string& name, const Marked& line)>;

  // Verbs work on this host. `loop` must outlive it.
  Children(Host host, Loop& loop, Hear hear)
      : host_(std::move(host)), loop_(loop), hear_(std::move(hear)) {}

  // Gets the exit status; 128 and the signal for one that was killed.
  using Ended = std::function<void(int status)>;

  // A copy of this process does `work` and exits with what that returns. One of a name at a time:
  // false if it runs already, or if no process is to be had.
  bool start(const std::string& name, const std::function<int()>& work, Ended ended);
  // This program, started afresh with this verb; nothing to read, and all that it prints is heard.
  bool start_verb(const std::string& name, const std::vector<std::string>& verb, Ended ended);

  [[nodiscard]] bool runs(const std::string& name) const;
  [[nodiscard]] bool any() const { return !running_.empty(); }

  // After SIGCHLD. Takes leave of strangers as well: what drop_generation() left behind is ours.
  // One that somebody has stopped is ended after a while: it may hold the lock, and another can be
  // started.
  void reap();

 private:
  struct Child {
    std::string name;
    Ended ended;
    // what it prints; none: it prints to our stderr
    Fd says;
    // that has no end yet
    std::string line;
    bool stopped = false;
  };
  void listen(pid_t pid);
  void hear_all(Child& child);
  void stopped(pid_t pid, Child& child);
  void end_if_stopped(pid_t pid);

  Host host_;
  Loop& loop_;
  Hear hear_;
  std::map<pid_t, Child> running_;
};

}  // namespace apiguard::service
