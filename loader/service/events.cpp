// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/events.hpp"

#include <algorithm>
#include <cstdint>

#include "loader/host/clock.hpp"
#include "loader/report/event.hpp"

namespace apiguard::service {
namespace {

constexpr auto kLease = 3s;

Event describe(const apiguard_event& event) {
  const bool admitted = event.outcome == APIGUARD_PASS;
  const std::string interface = datapath::interface_of(event);
  return {admitted ? Level::kInfo : Level::kNotice, admitted ? "admitted" : "denied",
          report::event_words(event, interface), report::event_fields(event, interface)};
}

}  // namespace

void Events::open() {
  if (!seat_) {
    auto seat = take_seat(host_.run_dir, "watch", APIGUARD_MAX_WATCHERS);
    if (!seat) return;
    seat_ = std::move(*seat);
  }
  auto watch = datapath::Watch::open(host_.pins, seat_->number);
  if (watch) watch_.emplace(std::move(*watch));
}

// What is still in the ring is read, and what was lost stays lost.
void Events::close() {
  if (!watch_) return;
  (void)watch_->read([this](const apiguard_event& event) { take(event); });
  lost_admitted_ += watch_->lost_connections();
  watch_.reset();
}

void Events::begin_anew() {
  close();
  open();
  if (watch_) watch_->keep_until(read_clocks().boot + kLease);
}

void Events::take(const apiguard_event& event) {
  const bool told = log_.tell_event(describe(event));
  if (event.outcome == APIGUARD_PASS) {
    if (!told) ++lost_admitted_;
  } else if (told) {
    ++told_denied_;
  }
}

void Events::read() {
  if (!watch_) open();
  if (!watch_) return;
  watch_->keep_until(read_clocks().boot + kLease);
  const auto read = watch_->read([this](const apiguard_event& event) { take(event); });
  if (!read) close();
}

// What is counted by now is in the ring, or it is lost: hence it is read first.
report::Lost Events::lost(std::uint64_t counted) {
  read();
  if (!counted_) told_denied_ = 0;
  const std::uint64_t before = counted_.value_or(counted);
  denied_ += counted >= before ? counted - before : counted;  // else counters began anew
  counted_ = counted;
  if (denied_ > told_denied_) lost_.denied = std::max(lost_.denied, denied_ - told_denied_);
  lost_.admitted =
      std::max(lost_.admitted, lost_admitted_ + (watch_ ? watch_->lost_connections() : 0));
  return lost_;
}

}  // namespace apiguard::service
