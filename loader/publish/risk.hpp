// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a person is asked about before a change, by the name that `--accept-risk` takes. What raises
// each: find_risks.hpp.
#pragma once

#include <array>
#include <string>

namespace apiguard::publish {

namespace risk {

inline constexpr const char* kDropPeers = "drop-peers";
inline constexpr const char* kWide = "wide";
inline constexpr const char* kUnapplied = "unapplied";
inline constexpr const char* kShrink = "shrink";
inline constexpr const char* kUndone = "undone";
inline constexpr const char* kDetached = "detached";
inline constexpr const char* kOff = "off";
inline constexpr const char* kLinkReset = "link-reset";
// Only the attach itself can tell: cli/change.cpp.
inline constexpr const char* kGenericXdp = "generic-xdp";

inline constexpr std::array kAll{kDropPeers, kWide, kUnapplied, kShrink,    kUndone,
                                 kDetached,  kOff,  kLinkReset, kGenericXdp};

}  // namespace risk

struct Risk {
  std::string name;
  std::string message;
};

}  // namespace apiguard::publish
