// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/compile/answer.hpp"

#include <algorithm>
#include <optional>

#include "loader/policy/order.hpp"

namespace apiguard {
namespace {

bool is_numbered(const apiguard_answer& answer) {
  return (answer.prefix & APIGUARD_ANSWER_LENGTH) == 0;
}

// The prefix of that number, each counted once.
std::optional<Prefix> numbered(__u32 number, const RangeRefs& ranges) {
  const Range* before = nullptr;
  for (const Range* range : ranges) {
    if (before != nullptr && before->prefix == range->prefix) continue;
    if (number-- == 0) return range->prefix;
    before = range;
  }
  return std::nullopt;
}

std::optional<Prefix> prefix_of(const apiguard_answer& answer, const Address& source,
                                const RangeRefs& ranges) {
  if (answer.has_range == 0) return std::nullopt;
  if (is_numbered(answer)) {
    const auto prefix = numbered(answer.prefix, ranges);
    return prefix && covers(*prefix, source) ? prefix : std::nullopt;
  }
  const __u32 length = answer.prefix - APIGUARD_ANSWER_LENGTH;
  if (length > max_length(source.family)) return std::nullopt;
  return prefix_around(source, static_cast<std::uint8_t>(length));
}

Deciders deciders_of(const Prefix& prefix, const RangeRefs& ranges) {
  auto at = std::lower_bound(
      ranges.begin(), ranges.end(), prefix,
      [](const Range* range, const Prefix& sought) { return range->prefix < sought; });
  Deciders found;
  for (; at != ranges.end() && (*at)->prefix == prefix; ++at) found.add(**at);
  return found;
}

}  // namespace

const Range* range_of(const apiguard_answer& answer, const Address& source,
                      const RangeRefs& ranges) {
  const auto prefix = prefix_of(answer, source, ranges);
  if (!prefix) return nullptr;
  const Deciders found = deciders_of(*prefix, ranges);
  if (answer.reason == APIGUARD_EXCEPTED) return found.except;
  if (answer.reason == APIGUARD_LISTED) return found.allow;
  // To an older program an except spoke for its prefix, ended or not.
  if (is_numbered(answer) && found.except != nullptr) return found.except;
  return found.last();
}

}  // namespace apiguard
