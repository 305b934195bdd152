// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the program tells those who watch (datapath/watch.hpp), for the supervisor's journal.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "loader/datapath/watch.hpp"
#include "loader/host/journal.hpp"
#include "loader/host/places.hpp"
#include "loader/host/seat.hpp"

namespace apiguard::service {

struct Event {
  Level level;
  std::string kind;  // for the rate limit
  std::string text;
  Fields fields;
};

class Events {
 public:
  explicit Events(Places places) : places_(std::move(places)) {}

  // To be called every second: the program writes for a few more. Where nothing is in force yet, or
  // all places are taken, it is tried again the next time.
  void read(const std::function<void(const Event&)>& tell);
  // What is pinned may be another map now.
  void begin_anew();

 private:
  void open();

  Places places_;
  std::optional<Seat> seat_;
  std::optional<datapath::Watch> watch_;
};

}  // namespace apiguard::service
