// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/propose/unproven.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "loader/base/time.hpp"
#include "loader/policy/lookup.hpp"

namespace apiguard::propose {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSteady = 10min;
constexpr std::uint64_t kBeats = 3;  // fewer are chance

// The last one is also that of carrier-grade NAT (RFC 6598), so it is a hint like the others.
constexpr std::array<HealthChecks, 3> kKnown{{
    {"Google Cloud", "35.191.0.0/16 130.211.0.0/22 2600:2d00:1:b029::/64",
     "cloud.google.com/load-balancing/docs/firewall-rules"},
    {"Azure", "168.63.129.16/32",
     "learn.microsoft.com/azure/load-balancer/load-balancer-custom-probe-overview"},
    {"Alibaba Cloud or Tencent Cloud", "100.64.0.0/10",
     "alibabacloud.com/help/en/slb/classic-load-balancer/user-guide/health-check-overview, "
     "tencentcloud.com/document/product/214/39251"},
}};

bool lists(std::string_view ranges, const Address& address) {
  while (!ranges.empty()) {
    const std::size_t end = std::min(ranges.find(' '), ranges.size());
    const auto parsed = parse_prefix(ranges.substr(0, end));
    if (parsed && covers(parsed->prefix, address)) return true;
    ranges.remove_prefix(std::min(end + 1, ranges.size()));
  }
  return false;
}

std::optional<Rhythm> steady(const UnprovenSource& source) {
  const auto& rhythm = source.rhythm;
  if (!rhythm || rhythm->beats < kBeats || rhythm->last - rhythm->since < kSteady)
    return std::nullopt;
  return rhythm;
}

UnprovenKind kind_of(const UnprovenSource& source) {
  if (source.payloads != 0) return UnprovenKind::kTranslated;
  return source.rhythm ? UnprovenKind::kProbe : UnprovenKind::kUnknown;
}

nanoseconds lasted(const Unproven& source) {
  return source.rhythm ? source.rhythm->last - source.rhythm->since : 0ns;
}

bool comes_first(const Unproven& a, const Unproven& b) {
  if (lasted(a) != lasted(b)) return lasted(a) > lasted(b);
  if (a.packets != b.packets) return a.packets > b.packets;
  return a.source < b.source;
}

using BySource = std::map<Address, Unproven>;

// Of a source that both know: packets of whom counts them all, kind and rhythm of the other.
BySource put_together(const std::vector<DeniedSource>& denied,
                      const std::vector<UnprovenSource>& remembered) {
  BySource all;
  for (const UnprovenSource& one : remembered) {
    all[one.source] = {one.source, one.packets, one.first, one.last, kind_of(one), steady(one)};
  }
  for (const DeniedSource& one : denied) {
    if (!one.source) continue;
    Unproven& to = all[*one.source];
    const bool is_new = to.packets == 0;
    to.source = *one.source;
    to.packets = std::max(to.packets, one.packets);
    to.first = is_new ? one.first : std::min(to.first, one.first);
    to.last = std::max(to.last, one.last);
  }
  return all;
}

}  // namespace

std::vector<Unproven> find_unproven(const std::vector<DeniedSource>& denied,
                                    const std::vector<UnprovenSource>& remembered,
                                    const std::vector<AuditSource>& seen,
                                    const std::vector<Range>& ranges, Timestamp now) {
  BySource all = put_together(denied, remembered);
  for (const AuditSource& source : seen) all.erase(source.source);
  std::vector<Address> addresses;
  addresses.reserve(all.size());
  for (const auto& [address, source] : all) addresses.push_back(address);
  const auto deciding = deciding_for(ranges, addresses, now);
  std::vector<Unproven> unproven;
  std::size_t at = 0;
  for (auto& [address, source] : all) {
    if (deciding[at++] == nullptr) unproven.push_back(source);
  }
  std::sort(unproven.begin(), unproven.end(), comes_first);
  return unproven;
}

std::string_view to_string(UnprovenKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"probe", "translated", "unknown"};
  return kNames.at(static_cast<std::size_t>(kind));
}

const HealthChecks* known_health_checks(const Address& address) {
  const auto* found = std::find_if(kKnown.begin(), kKnown.end(), [&](const HealthChecks& one) {
    return lists(one.ranges, address);
  });
  return found == kKnown.end() ? nullptr : found;
}

}  // namespace apiguard::propose
