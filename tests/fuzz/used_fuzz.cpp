// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// STATE/used, STATE/seen and RUN/refused-leases: they read back as they were written, and whatever they say, what the
// kernel counts is added to it.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "loader/host/refused.hpp"
#include "loader/ledger/audit_file.hpp"
#include "loader/ledger/usage_log.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {

using namespace ledger;
namespace {

constexpr Timestamp kWall{1'796'126'400s};
constexpr Now kNow{kWall, BootTime(500s)};

RangeHits hits_of(const char* cidr) {
  return {parse_prefix(cidr)->prefix, 3, BootTime(100s), BootTime(400s)};
}

void goes_on(const UsageLog& state) {
  const Hits uses{{hits_of("10.0.0.0/8"), hits_of("203.0.113.0/24"), hits_of("2001:db8::/32")},
                  {1, 100, 200}};
  for (const std::string& boot : {state.boot, std::string("another")}) {
    UsageLog next = state;
    fold(next, boot, uses, kNow);
    for (const RangeHits& use : uses.ranges) {
      const RangeUsage* range = find_usage(next, use.prefix);
      must(range != nullptr && range->current.connections == use.connections,
           "what the kernel says now is there", to_string(use.prefix));
    }
    for (const RangeUsage& range : state.ranges)
      must(find_usage(next, range.prefix) != nullptr, "no range is lost", to_string(range.prefix));
  }
}

// Whoever was taken for used lately stays known, and is not called unused.
void tells_who_is_unused(const UsageLog& state) {
  const std::vector<Range> ranges{
      {parse_prefix("10.0.0.0/8")->prefix, Kind::kAllow, "", std::nullopt, {}},
      {parse_prefix("203.0.113.0/24")->prefix, Kind::kAllow, "", std::nullopt, {}}};
  const RangeRefs refs = deciding_ranges(ranges);
  for (const Range* unused : unused_since(state, refs, kWall)) {
    const RangeUsage* range = find_usage(state, unused->prefix);
    must(range == nullptr || range->total().connections == 0 || range->total().last < kWall,
         "a range that was used is not unused");
  }
  UsageLog less = state;
  forget(less, refs, kWall);
  for (const RangeUsage& range : state.ranges) {
    if (range.total().last >= kWall)
      must(find_usage(less, range.prefix) != nullptr, "what was used lately is not forgotten");
  }
}

void reads_used(const std::string& text) {
  const auto state =
      reads_back(text, "line ", parse_usage_log, show_usage_log, std::equal_to<UsageLog>());
  if (!state) return;
  goes_on(*state);
  tells_who_is_unused(*state);
}

}  // namespace

void run(std::string_view input) {
  const std::string text(input);
  reads_used(text);
  static_cast<void>(reads_back(text, "line ", parse_audit_file, show_audit_file,
                               std::equal_to<std::vector<AuditSource>>()));
  static_cast<void>(
      reads_back(text, "line ", parse_refused, show_refused, std::equal_to<RefusedLeases>()));
}

}  // namespace apiguard::fuzz
