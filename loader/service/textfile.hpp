// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The metrics as a file for the node exporter's textfile collector, kept up to date by the
// supervisor.
#pragma once

#include <chrono>
#include <string>

#include "loader/ledger/host.hpp"
#include "loader/report/counted.hpp"
#include "loader/report/event.hpp"
#include "loader/service/children.hpp"
#include "loader/service/keeper.hpp"
#include "loader/service/log.hpp"
#include "loader/service/loop.hpp"

namespace apiguard::service {

class Textfile {
 public:
  // Without a path there is none. `children` and `log` must outlive it.
  Textfile(Host host, std::string path, Children& children, Log& log);

  // What is told has changed: it is written at the next call, but not twice within two seconds.
  void make_due() { due_ = began_ + std::chrono::seconds(2); }
  // To be called every second. Every minute, while the folder of the file is there, a process
  // writes it, by what is held and known; if that is worth it, it reads and counts all ranges.
  void write_if_due(const Keeper& keeper, const report::Lost& lost);

 private:
  [[nodiscard]] int write(const Keeper& keeper, const report::Lost& lost) const;

  Host host_;
  std::string path_;
  Children& children_;
  Log& log_;
  Loop::Clock::time_point due_;
  Loop::Clock::time_point began_;
  report::Counted counted_;
};

}  // namespace apiguard::service
