// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/interface_watch.hpp"

#include <algorithm>
#include <chrono>

namespace apiguard::service {
namespace {

constexpr auto kBetween = std::chrono::milliseconds(100);  // notices come in crowds

}  // namespace

// At once for an interface that is to be guarded: whoever configures it waits for nobody. Hosts
// with many pods have many notices that are not, and one that goes leaves nothing unguarded: what
// is left of it is cleaned up by the next look.
void InterfaceWatch::on_news(const LinkEvents::News& news) {
  for (const int gone : news.gone) keeper_.note_gone(gone);
  const bool urgent =
      news.lost || std::any_of(news.there.begin(), news.there.end(), [this](const auto& link) {
        return wants(link.second) && !keeper_.guarded_lately(link.first);
      });
  looks_.at(urgent ? Loop::Clock::now() : looks_.last() + kBetween);
}

bool InterfaceWatch::wants(const std::vector<std::string>& names) const {
  return keeper_.guards() ? keeper_.wants(names) : boot_.wants(names);
}

void InterfaceWatch::look_now() {
  if (!keeper_.guards()) {
    boot_.begin_if_wanted();
    return looks_.ended();
  }
  const bool misses = keeper_.misses_interface();
  looks_.ended();
  if (misses) rounds_.at(Loop::Clock::now());
}

}  // namespace apiguard::service
