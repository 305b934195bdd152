// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/names.hpp"

#include <array>

#include <fmt/format.h>

namespace apiguard::report {
namespace {

// In the order of apiguard/judge.h, which indexes the counters.
constexpr std::array<std::string_view, APIGUARD_OUTCOME_MAX> kOutcomes = {"pass", "drop",
                                                                          "would_drop"};
constexpr std::array<std::string_view, APIGUARD_REASON_MAX> kReasons = {
    "not_ip",    "vlan_depth", "malformed", "later_fragment", "short_tcp", "other_traffic",
    "ext_chain", "listed",     "excepted",  "expired",        "unlisted",  "off"};
static_assert(kReasons.back() == "off", "one name a reason");

}  // namespace

std::string_view outcome_name(unsigned outcome) {
  return outcome < kOutcomes.size() ? kOutcomes[outcome] : "unknown";
}

std::string_view reason_name(unsigned reason) {
  return reason < kReasons.size() ? kReasons[reason] : "unknown";
}

std::string range_text(const Range& range) {
  const std::string prefix = to_string(range.prefix);
  return range.name.empty() ? prefix : fmt::format("{} ({})", prefix, range.name);
}

}  // namespace apiguard::report
