// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Keeps what repeats from filling a journal. Pure: time is handed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace apiguard::service {

// So many messages of a kind in an interval that begins with the first of them; the rest is
// counted.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RateLimit(std::size_t burst, std::chrono::seconds interval)
      : burst_(burst), interval_(interval) {}

  struct Answer {
    bool allowed = false;
    // of this kind, in the interval before; told once
    std::size_t withheld = 0;
  };
  [[nodiscard]] Answer ask(const std::string& kind, Time now);

 private:
  struct Kind {
    Time begun;
    std::size_t count = 0;
  };
  std::size_t burst_;
  std::chrono::seconds interval_;
  std::map<std::string, Kind> kinds_;
};

}  // namespace apiguard::service
