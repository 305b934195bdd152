// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/events.hpp"

#include <cstdint>

#include "loader/host/clock.hpp"
#include "loader/report/event.hpp"

namespace apiguard::service {
namespace {

constexpr std::uint64_t kLease = 3'000'000'000;  // nanoseconds

Event describe(const apiguard_event& event) {
  const bool admitted = event.outcome == APIGUARD_PASS;
  const std::string interface = datapath::interface_of(event);
  return {admitted ? Level::kInfo : Level::kNotice, admitted ? "admitted" : "denied",
          report::event_words(event, interface), report::event_fields(event, interface)};
}

}  // namespace

void Events::open() {
  if (!seat_) {
    auto seat = take_seat(places_.run_dir, "watch", APIGUARD_MAX_WATCHERS);
    if (!seat) return;
    seat_ = std::move(*seat);
  }
  auto watch = datapath::Watch::open(datapath::Pins(places_.pin_dir), seat_->number);
  if (watch) watch_.emplace(std::move(*watch));
}

void Events::begin_anew() {
  watch_.reset();
  open();
  if (watch_) watch_->keep_until(read_clocks().boot + kLease);
}

void Events::read(const std::function<void(const Event&)>& tell) {
  if (!watch_) open();
  if (!watch_) return;
  watch_->keep_until(read_clocks().boot + kLease);
  const auto read = watch_->read([&](const apiguard_event& event) { tell(describe(event)); });
  if (!read) watch_.reset();
}

}  // namespace apiguard::service
