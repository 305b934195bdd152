// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiguard {

// Who runs this: login uid (/proc/self/loginuid) resolved to a name where possible, else the real
// uid; " from ADDRESS" of SSH_CONNECTION/SSH_CLIENT where set: "root", "alice (uid 1000) from
// 203.0.113.7", "uid 1001". Without NSS: /etc/passwd is read directly. Never a control character.
// The environment is the caller's word: good for a history, not for a decision.
[[nodiscard]] std::string whoami();

// The same, and its parts.
struct Who {
  std::string text;
  // none: no login, a service for instance
  std::optional<std::uint32_t> login_uid;
  // of SSH; empty: none
  std::string client;

  friend bool operator==(const Who&, const Who&) = default;
};
[[nodiscard]] Who who();

// Parts of it, pure.
[[nodiscard]] std::optional<std::string> find_user(std::string_view passwd, std::uint32_t uid);
// The address in front of a text like that of SSH_CONNECTION ("203.0.113.7 50000 192.0.2.1 22").
[[nodiscard]] std::optional<std::string> ssh_source(std::string_view text);

}  // namespace apiguard
