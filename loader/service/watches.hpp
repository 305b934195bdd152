// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// All that gives the supervisor notice of something. What there is no notice of is looked at every
// half second instead, as a message says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/link_events.hpp"
#include "loader/ledger/host.hpp"
#include "loader/service/clock_watch.hpp"
#include "loader/service/pin_watch.hpp"
#include "loader/service/signals.hpp"

namespace apiguard::service {

struct Watches {
  Signals signals;
  std::optional<LinkEvents> links;
  PinWatch pins;
  std::optional<ClockWatch> clock;
  std::vector<std::string> messages;
};

[[nodiscard]] Result<Watches> open_watches(const Host& host);

// What is said where there are no notices.
[[nodiscard]] std::string instead(const Error& error);

}  // namespace apiguard::service
