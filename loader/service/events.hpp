// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the program tells those who watch (datapath/watch.hpp), for the supervisor's journal.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "loader/datapath/watch.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/seat.hpp"
#include "loader/ledger/host.hpp"
#include "loader/report/event.hpp"

namespace apiguard::service {

// What the kernel told, for the journal.
struct Event {
  Level level;
  std::string kind;  // for the rate limit
  std::string text;
  Fields fields;
};

class Events {
 public:
  // Whether the journal takes it: of too many it does not.
  using Tell = std::function<bool(const Event&)>;

  Events(Host host, Tell tell) : host_(std::move(host)), tell_(std::move(tell)) {}

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
  Tell tell_;
  std::optional<Seat> seat_;
  std::optional<datapath::Watch> watch_;

  std::optional<std::uint64_t> counted_;  // when it was asked last
  std::uint64_t denied_ = 0;              // since the first time
  std::uint64_t told_denied_ = 0;
  std::uint64_t lost_admitted_ = 0;  // without those of watch_
  report::Lost lost_;
};

}  // namespace apiguard::service
