// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What keeps the supervisor from running in circles, whatever fails. Pure: time is handed in.
#pragma once

#include <algorithm>
#include <chrono>

namespace apiguard::service {

using Moment = std::chrono::steady_clock::time_point;
using Span = std::chrono::steady_clock::duration;

// Tries that have no effect come at growing distances: each twice the one before, up to the
// longest.
class Pace {
 public:
  constexpr Pace(Span first, Span longest) : first_(first), longest_(longest), pause_(first) {}

  // One was made.
  void tried(Moment now) {
    due_ = now + pause_;
    pause_ = std::min(2 * pause_, longest_);
  }
  // And had its effect.
  void worked() {
    due_ = Moment();
    pause_ = first_;
  }
  [[nodiscard]] Moment due() const { return due_; }

 private:
  Span first_;
  Span longest_;
  Span pause_;
  Moment due_;
};

// Work that takes longer, because there is more of it, comes less often: never more than a fifth of
// the time.
class Duty {
 public:
  void began(Moment now) { began_ = now; }
  void ended(Moment now) {
    ended_ = now;
    due_ = now + kShare * (now - began_);
  }
  [[nodiscard]] Moment last() const { return ended_; }
  [[nodiscard]] Moment due() const { return due_; }

 private:
  static constexpr int kShare = 4;
  Moment began_;
  Moment ended_;
  Moment due_;
};

}  // namespace apiguard::service
