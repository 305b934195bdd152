// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/find_risks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/host/clock.hpp"
#include "loader/policy/text.hpp"
#include "loader/publish/cut_peers.hpp"

namespace apiguard::publish {
namespace {

std::string join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

void add_wide(const Difference& difference, std::vector<Risk>& risks) {
  std::vector<std::string> wide;
  for (const Range& range : difference.added) {
    if (is_wide(range))
      wide.push_back(fmt::format("{} {}", to_string(range.kind), to_string(range.prefix)));
  }
  if (wide.empty()) return;
  risks.push_back(
      {risk::kWide, fmt::format("new range wider than /{} (IPv4) or /{} (IPv6): {}: add "
                                "narrower ranges, or accept the risk",
                                kWide4, kWide6, join(wide))});
}

void add_unapplied(const Difference& unapplied, std::vector<Risk>& risks) {
  if (unapplied.empty()) return;
  risks.push_back(
      {risk::kUnapplied, "the files hold edits that are not in force and would take effect too:" +
                             show_edits(unapplied)});
}

std::string describe_cut(const Plan& plan) {
  std::vector<std::string> parts;
  const Timestamp now = read_clocks().wall;
  if (!plan.cut.empty()) parts.push_back(describe(plan.cut, now));
  if (!plan.cut_ranges.empty()) parts.push_back(describe(plan.cut_ranges, now));
  return fmt::format("{}", fmt::join(parts, "\n  "));
}

bool turns_off(const World& world, const Request& request) {
  const bool is_off = world.in_force && mode_of(*world.in_force) == Mode::kOff;
  return request.policy.mode == Mode::kOff && !is_off;
}

}  // namespace

std::vector<Risk> find_risks(const World& world, const Request& request, const Plan& plan) {
  std::vector<Risk> risks;
  if (request.asks_off && turns_off(world, request) && !request.accepted.contains(risk::kOff)) {
    risks.push_back({risk::kOff,
                     "an empty list turns the filter off: everybody would reach the endpoints; "
                     "'apiguard mode off' does it without a question"});
  }
  // A boot asks nobody, leases cut nobody, and a way out that drops nothing does not either.
  if (request.is_unattended() || request.kind == Request::Kind::kLeases ||
      (request.is_way_out() && request.policy.mode != Mode::kEnforce))
    return risks;
  if (const std::string cut = describe_cut(plan); !cut.empty())
    risks.push_back({risk::kDropPeers, cut});
  add_wide(plan.difference, risks);
  add_unapplied(request.unapplied, risks);
  if (!plan.attached_again.empty()) {
    risks.push_back({risk::kDetached,
                     fmt::format("interfaces that a person detached would be guarded again:\n  {}",
                                 fmt::join(plan.attached_again, "\n  "))});
  }
  if (!plan.shrunk.empty()) risks.push_back({risk::kShrink, describe(plan.shrunk)});
  if (!plan.undone.empty() && !request.confirm_within)
    risks.push_back({risk::kUndone, describe_undone(plan.undone)});
  if (!plan.resets.known.empty()) risks.push_back({risk::kLinkReset, describe(plan.resets)});
  const auto accepted = [&](const Risk& risk) { return request.accepted.contains(risk.name); };
  risks.erase(std::remove_if(risks.begin(), risks.end(), accepted), risks.end());
  return risks;
}

std::string describe_undone(const std::vector<UndoneFile>& files) {
  std::vector<std::string> parts;
  parts.reserve(files.size());
  for (const UndoneFile& file : files)
    parts.push_back(fmt::format("'{}' as generation {} brought it in", file.name, file.generation));
  return "an undone change would take effect again: " + join(parts);
}

}  // namespace apiguard::publish
