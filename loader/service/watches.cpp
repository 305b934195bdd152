// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/watches.hpp"

#include <utility>

namespace apiguard::service {

std::string instead(const Error& error) {
  return error.message + ": without notices, polled every half second instead";
}

Result<Watches> open_watches(const Host& host) {
  auto signals = Signals::open();
  if (!signals) return fail(signals.error());
  Watches watches{std::move(*signals), {}, PinWatch(host.pin_dir), {}, {}};
  if (const auto& missing = watches.signals.unwatched())
    watches.messages.push_back(instead(*missing));
  if (auto links = LinkEvents::open()) {
    watches.links.emplace(std::move(*links));
  } else {
    watches.messages.push_back(instead(links.error()));
  }
  if (auto clock = ClockWatch::open()) {
    watches.clock.emplace(std::move(*clock));
  } else {
    watches.messages.push_back(instead(clock.error()));
  }
  return watches;
}

}  // namespace apiguard::service
