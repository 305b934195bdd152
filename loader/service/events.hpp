// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the program tells those who watch (datapath/watch.hpp), for the supervisor's journal.
#pragma once

#include <optional>
#include <string>

#include "loader/datapath/watch.hpp"
#include "loader/host/seat.hpp"
#include "loader/ledger/host.hpp"
#include "loader/report/event.hpp"
#include "loader/service/log.hpp"

namespace apiguard::service {

class Events {
 public:
  // `log` must outlive it.
  Events(Host host, Log& log) : host_(std::move(host)), log_(log) {}

  // To be called every second: the program writes for a few more. Where nothing is in force yet, or
  // all places are taken, it is tried again the next time.
  void read();
  // What is pinned may be another map now.
  void begin_anew();

  // What the journal was not told of since the first call, which begins to count. `counted` is what
  // the kernel has counted as denied by now (ledger::count_denied). Never less than before.
  [[nodiscard]] report::Lost lost(std::uint64_t counted);

 private:
  void open();
  void close();
  void take(const apiguard_event& event);

  Host host_;
  Log& log_;
  std::optional<Seat> seat_;
  std::optional<datapath::Watch> watch_;

  // when it was asked last
  std::optional<std::uint64_t> counted_;
  // since the first time
  std::uint64_t denied_ = 0;
  std::uint64_t told_denied_ = 0;
  // without those of watch_
  std::uint64_t lost_admitted_ = 0;
  report::Lost lost_;
};

}  // namespace apiguard::service
