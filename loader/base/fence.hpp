// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whether this process may still change anything. A way out (`mode off`, `rollback`, ...) overtakes
// a verb that holds the lock for too long; the verb may be stopped anywhere and go on much later.
// So whatever lasts is prepared under a name that carries the token of the verb, takes its place by
// one rename, and the overtaking verb removes what is prepared: the rename then fails. check() is
// asked right before it, so that a verb that goes on ends at its next step.
//
// The lock (host/lock.hpp) arms it. Without the lock nothing can overtake, and check() is content.
// Header only, because rooms that do not know each other ask it. One thread changes things, so none
// of it is locked.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "loader/base/result.hpp"

namespace apiguard::fence {

// Who overtook: "pid 12 (mode off)"; none: nobody did.
using Look = std::function<std::optional<std::string>()>;

namespace detail {
struct State {
  std::string token;
  Look look;
  bool overtook = false;
};
inline State& state() {
  static State state;
  return state;
}
}  // namespace detail

// `overtook`: the verb has the lock because it overtook another one.
inline void arm(std::string token, Look look, bool overtook) {
  detail::state() = {std::move(token), std::move(look), overtook};
}
inline void disarm() { detail::state() = {}; }

// Part of every name of what this verb prepares: no other verb uses it.
[[nodiscard]] inline std::string token() {
  const std::string& token = detail::state().token;
  return token.empty() ? "0-" + std::to_string(getpid()) : token;
}

// Whether this verb overtook another, which may still be there.
[[nodiscard]] inline bool overtook() { return detail::state().overtook; }

// To be asked right before each step that lasts. ECANCELED: nothing is to be changed any more.
[[nodiscard]] inline Result<> check() {
  const Look& look = detail::state().look;
  const auto who = look ? look() : std::nullopt;
  if (!who) return {};
  return fail(Exit::kFailed,
              "lock: overtaken by " + *who +
                  ": nothing more was changed: 'apiguard status' shows what is in force",
              ECANCELED);
}

// The error of a step that failed, or the reason behind it: what the step needed was removed.
[[nodiscard]] inline Result<> explain(Result<> failed) {
  if (failed) return failed;
  if (auto ours = check(); !ours) return ours;
  return failed;
}

}  // namespace apiguard::fence
