// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Looks for interfaces that are to be guarded and are not, as soon as the kernel tells of one and
// now and then.
#pragma once

#include <string>
#include <vector>

#include "loader/host/link_events.hpp"
#include "loader/service/boot.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/loop.hpp"
#include "loader/service/paced_task.hpp"

namespace apiguard::service {

class InterfaceWatch {
 public:
  // All of them must outlive it. What it finds is done by a round or, where nothing is in force, by
  // a boot.
  InterfaceWatch(Loop& loop, Keeper& keeper, Boot& boot, PacedTask& rounds)
      : keeper_(keeper), boot_(boot), rounds_(rounds), looks_(loop, [this] { look_now(); }) {}

  void on_news(const LinkEvents::News& news);
  void look() { looks_.run(); }

 private:
  [[nodiscard]] bool wants(const std::vector<std::string>& names) const;
  void look_now();

  Keeper& keeper_;
  Boot& boot_;
  PacedTask& rounds_;
  PacedTask looks_;
};

}  // namespace apiguard::service
