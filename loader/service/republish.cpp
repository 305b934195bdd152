// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/republish.hpp"

#include <chrono>
#include <utility>

#include "loader/host/clock.hpp"
#include "loader/service/work.hpp"

namespace apiguard::service {
namespace {

constexpr auto kRetry = std::chrono::seconds(60);

}  // namespace

// One that was published before this process began may have been so by another clock.
void Republish::learn_ends() {
  const auto& known = keeper_.known();
  ends_.judged_by(known ? known->which() : datapath::Edition(), believed_time(keeper_.floor()).now,
                  known ? publish::clock_of(*known) : std::nullopt);
  begin_if_wanted();
}

std::optional<std::string> Republish::why(const Now& now) const {
  if (const auto set = ends_.why_anew(now)) return *set + ": expiry times are computed again";
  if (!keeper_.outdated()) return std::nullopt;
  return "the book of leases has a change that is not in force yet: it is published";
}

void Republish::begin_if_wanted() {
  const Now now = believed_time(keeper_.floor()).now;
  const auto reason = why(now);
  if (!reason || !keeper_.guards()) return;
  const bool started = children_.start(
      "again",
      [this] {
        keeper_.let_go();  // what is replaced does not wait for the child's descriptors
        return publish_again_now(host_);
      },
      [this, now](int status) {
        if (status != 0) return try_later();
        ends_.agree_with(now);
        // The clock may have been set again meanwhile.
        rounds_.after(Span::zero());
      });
  if (started) log_.tell({Level::kNotice, "clock", *reason});
}

void Republish::try_later() {
  if (std::exchange(try_due_, true)) return;
  loop_.after(kRetry, [this] {
    try_due_ = false;
    begin_if_wanted();
  });
}

}  // namespace apiguard::service
