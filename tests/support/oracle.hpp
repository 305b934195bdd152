// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The reference judge: what must become of a frame under a policy, read off the table of verdicts
// row by row. Slow and obvious. Shares nothing with the BPF program or with what compiles its maps,
// so that a mistake would have to be made twice to go unseen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "apiguard/ledger.h"
#include "loader/policy/policy.hpp"

namespace apiguard::test {

struct Verdict {
  apiguard_outcome outcome = APIGUARD_PASS;
  apiguard_reason reason = APIGUARD_NOT_IP;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// What the list says about a source: listed, excepted, expired or unlisted, and by which entry
// (expired: of the longest match the one that ended last; unlisted: none).
struct SourceVerdict {
  apiguard_reason reason = APIGUARD_UNLISTED;
  std::optional<Range> range;
};

// `now` is wall-clock time, as in Range::until; a range ends at the very moment of its `until`.
[[nodiscard]] Verdict judge(const Policy& policy, Timestamp now,
                            std::span<const std::uint8_t> frame);

// The range that admits the connection which a frame opens (SYN without ACK, flags to be seen, and
// the packet passes as listed); none if it opens none.
[[nodiscard]] std::optional<Prefix> attribute(const Policy& policy, Timestamp now,
                                              std::span<const std::uint8_t> frame);

[[nodiscard]] SourceVerdict judge_source(const Policy& policy, Timestamp now,
                                         const Address& source);

[[nodiscard]] std::string to_string(apiguard_outcome outcome);
[[nodiscard]] std::string to_string(apiguard_reason reason);
[[nodiscard]] std::string to_string(const Verdict& verdict);  // "drop unlisted"

}  // namespace apiguard::test
