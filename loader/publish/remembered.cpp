// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/remembered.hpp"

#include <algorithm>
#include <string>

#include "loader/base/sha256.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/host/clock.hpp"
#include "loader/ledger/audit_sources.hpp"
#include "loader/publish/cut_peers.hpp"
#include "loader/publish/usage.hpp"

namespace apiguard::publish {
namespace {

// Versions before this one made the secret of the boot id, which everybody can read who reads the
// status of a node.
bool is_public(std::uint64_t secret) {
  return secret == std::stoull(sha256_hex(read_boot_id()).substr(0, 16), nullptr, 16);
}

// ---- what is observed from now on

bool protected_before(const std::vector<Endpoint>& before, const Endpoint& endpoint) {
  return std::any_of(before.begin(), before.end(), [&](const Endpoint& known) {
    return known.port == endpoint.port && (!known.address || known.address == endpoint.address);
  });
}

// Whether there were packets until now that the new generation judges and nothing judged before.
bool leaves_gap(const World& world, const Request& request, const Plan& plan) {
  if (!world.in_force || judges_nothing(*world.in_force) || !world.in_force->config) return true;
  const auto unguarded = [](const datapath::Target& target) { return target.link_id == 0; };
  const auto newly_protected = [&](const Endpoint& endpoint) {
    return !protected_before(world.in_force->config->endpoints, endpoint);
  };
  return std::any_of(plan.targets.begin(), plan.targets.end(), unguarded) ||
         std::any_of(request.policy.endpoints.begin(), request.policy.endpoints.end(),
                     newly_protected);
}

// A boot brings back what was in force: nobody could connect meanwhile but in its first seconds.
bool is_boot(const Request& request, const ledger::UsageRead& read) {
  return request.restores && read.saved_boot != read_boot_id();
}

ledger::ListChange change_of(const World& world, const Request& request, const Plan& plan,
                             const ledger::UsageRead& read, bool attributed) {
  ledger::ListChange change;
  change.after = deciding_ranges(plan.judged_by(request).ranges);
  change.observed.generation = plan.generation;
  change.observed.judged = request.policy.mode != Mode::kOff;
  if (is_boot(request, read)) {
    change.observed.gap = read.saved_generation < plan.generation;
    change.before = change.after;
    return change;
  }
  const Policy* before = world.judged();
  change.observed.gap = !attributed || before == nullptr || leaves_gap(world, request, plan) ||
                        read.saved_generation < world.in_force->generation;
  if (before != nullptr) change.before = deciding_ranges(before->ranges);
  return change;
}

}  // namespace

ledger::KeptMaps look_at_ledger(const Host& host, const World& world, const Request& request) {
  ledger::KeptMaps::Needs needs;
  needs.audit = request.policy.mode == Mode::kAudit;
  if (world.in_force && world.in_force->settings.abi == APIGUARD_ABI) {
    const apiguard_settings& settings = world.in_force->settings;
    needs.expected = settings.build == datapath::program_build() && !world.live.by_id;
    needs.audited = settings.mode == APIGUARD_MODE_AUDIT;
    if (!is_public(settings.secret)) needs.secret = settings.secret;
  }
  return ledger::KeptMaps::look(host.pins, needs);
}

void find_remembered(const Host& host, const World& world, const Request& request,
                     const ledger::KeptMaps& ledger, Plan& plan) {
  if (plan.unchanged) return;
  const UsageView used = read_usage(host, world);
  if (!request.is_unattended())
    plan.cut_ranges = find_cut_ranges(world, used, plan.judged_by(request));
  plan.ledger = used.warnings;
  if (request.policy.mode == Mode::kEnforce && !request.is_unattended()) {
    for (const std::string& pin : used.unread)
      plan.ledger.push_back(pin +
                            ": not all recently used ranges that this change removes are known");
  }
  if (plan.attach_only) return;
  plan.ledger.insert(plan.ledger.end(), ledger.warnings().begin(), ledger.warnings().end());
  if (!ledger.begins(datapath::LedgerMap::kSeen)) return;
  if (auto doubt = ledger::doubt_audit_sources(host)) plan.ledger.push_back(std::move(*doubt));
}

std::vector<std::string> save_remembered(const Host& host, const World& world,
                                         const Request& request, const Plan& plan,
                                         bool attributed) {
  const Now now = clocks(world);
  std::vector<std::string> warnings;
  if (auto saved = ledger::save_audit_sources(host, now, warnings); !saved)
    warnings.push_back(saved.error().message);
  auto read = ledger::read_usage(host, now);
  const auto change = change_of(world, request, plan, read, attributed);
  const auto kept = ledger::save_change(host, now, std::move(read), change);
  if (kept) {
    warnings.insert(warnings.end(), kept->begin(), kept->end());
  } else {
    warnings.push_back(kept.error().message + ": connections by range may be lost with a reboot");
  }
  return warnings;
}

}  // namespace apiguard::publish
