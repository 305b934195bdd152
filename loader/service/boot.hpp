// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a boot is to publish, by the supervisor where the unit of the boot came too early for it.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/ledger/host.hpp"
#include "loader/service/children.hpp"
#include "loader/service/log.hpp"
#include "loader/service/pace.hpp"
#include "loader/service/paced_task.hpp"

namespace apiguard::service {

// Which interfaces a boot would guard now; none after `detach` until the next apply. What that is
// read from is read again only if it has changed.
class BootWish {
 public:
  [[nodiscard]] std::set<std::string> interfaces(const Host& host);
  // Names and globs; as of the last call of interfaces().
  [[nodiscard]] const std::vector<std::string>& names() const { return wanted_; }
  // The same.
  [[nodiscard]] bool wants(const std::vector<std::string>& names) const;

 private:
  // false: the kernel did not say
  [[nodiscard]] bool read(const Host& host);

  std::string read_from_;
  // names and globs
  std::vector<std::string> wanted_;
};

// Where nothing is in force: what a boot publishes, as soon as one of its interfaces is there.
//
// How often, while it comes to nothing, whatever its exit status: after 5 s, and twice as long
// after each, up to 60 s; for an interface that was not there the last time after 1 s, and up to 5
// s.
class Boot {
 public:
  // References must outlive it. A round is asked for when a boot has ended, and when it is time to
  // try again.
  Boot(Host host, Children& children, Log& log, PacedTask& rounds);

  // A round found that nothing is in force, or that what is cannot be held.
  void begin_if_wanted();
  // None begins any more.
  void stop() { stopped_ = true; }
  // A round found something in force: all is well.
  void not_needed();
  [[nodiscard]] bool wants(const std::vector<std::string>& names) const {
    return wish_.wants(names);
  }
  // "nothing is in force: ...": what is waited for.
  [[nodiscard]] std::string waits_for() const;

 private:
  void tell_how_it_ended();
  [[nodiscard]] bool is_due(const std::set<std::string>& wanted);
  [[nodiscard]] bool cannot_help();
  void start();
  void count_try();

  Host host_;
  Children& children_;
  Log& log_;
  PacedTask& rounds_;
  BootWish wish_;
  // the interfaces there were
  std::set<std::string> tried_;
  Pace pace_;
  // for the sake of another interface
  Pace early_;
  bool stopped_ = false;
  // with this status; how it came out is for the next round to see
  std::optional<int> ended_;
};

}  // namespace apiguard::service
