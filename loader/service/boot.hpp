// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a boot is to publish, by the supervisor where the unit of the boot came too early for it.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "loader/host/places.hpp"
#include "loader/service/children.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/loop.hpp"

namespace apiguard::service {

// Which interfaces a boot would guard now; none after `detach` until the next apply. What that is
// read from is read again only if it has changed.
class BootWish {
 public:
  [[nodiscard]] std::set<std::string> interfaces(const Places& places);
  // As of the last call of interfaces().
  [[nodiscard]] bool wants(const std::string& name) const;

 private:
  [[nodiscard]] bool read(const Places& places);  // false: the kernel did not say

  std::string read_from_;
  std::vector<std::string> wanted_;  // names and globs
};

// Where nothing is in force: what a boot publishes, as soon as one of its interfaces is there.
class Boot {
 public:
  using Tell = std::function<void(const Message&)>;
  using RoundAfter = std::function<void(Loop::Clock::duration)>;

  // `children` must outlive it. A round is asked for when something was published, and when it is
  // time to try again.
  Boot(Places places, Children& children, Tell tell, RoundAfter round_after);

  // Nothing while it is under way, and after a failure until its time has come or another
  // interface has.
  void begin_if_wanted();
  [[nodiscard]] bool wants(const std::string& name) const { return wish_.wants(name); }

 private:
  void ended(int status);

  Places places_;
  Children& children_;
  Tell tell_;
  RoundAfter round_after_;
  BootWish wish_;
  std::set<std::string> tried_;  // the interfaces there were
  Loop::Clock::time_point due_;
  std::chrono::seconds pause_;
};

}  // namespace apiguard::service
