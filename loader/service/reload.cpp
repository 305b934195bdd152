// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/service/reload.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "loader/service/notify.hpp"

namespace apiguard::service {
namespace {

constexpr auto kBetween = std::chrono::seconds(1);

}  // namespace

void Reload::begin() {
  if (children_.runs("apply")) {
    again_ = true;
    return;
  }
  const auto now =
      std::chrono::duration_cast<std::chrono::microseconds>(Loop::Clock::now().time_since_epoch());
  notify(reloading(now));
  if (!children_.start_verb("apply", {"apply"}, [this](int status) { ended(status); })) ended(-1);
}

void Reload::ended(int status) {
  failure_ = status == 0 ? "" : fmt::format(", the last reload failed with status {}", status);
  const Level level = status == 0 ? Level::kNotice : Level::kError;
  log_.tell(
      {level, "reload",
       status == 0
           ? "reload: done"
           : fmt::format("reload: failed with status {}: the generation in force stays", status)});
  notify("READY=1");
  if (std::exchange(again_, false)) loop_.after(kBetween, [this] { begin(); });
  rounds_.after(Span::zero());
}

}  // namespace apiguard::service
