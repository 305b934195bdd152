// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The clients that a change would cut, and the ranges that were used lately. Found by cut_peers.hpp
// and remembered.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "loader/base/time.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/policy/policy.hpp"

namespace apiguard::publish {

// How it is known that somebody has connections here.
enum class HowSeen {
  // a socket of this host is connected to it now
  kSocket,
  // an audit saw it finish a handshake
  kAudit
};

// A client that a change would cut.
struct CutPeer {
  Address peer;
  std::uint64_t connections = 0;
  // that admits it today
  std::optional<Range> range;
  // why it passes today, where no range admits it
  std::string reason;
  HowSeen seen = HowSeen::kSocket;
  // when it was heard last; none: not known
  std::optional<Timestamp> last;
};

// A range that a change takes out although it has admitted a connection lately.
struct CutRange {
  Range range;
  ledger::Usage usage;
};

}  // namespace apiguard::publish
