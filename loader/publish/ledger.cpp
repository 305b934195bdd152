// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/publish/ledger.hpp"

#include <string>

#include "loader/datapath/generation.hpp"
#include "loader/host/clock.hpp"
#include "loader/host/used.hpp"
#include "loader/policy/sha256.hpp"
#include "loader/publish/preflight.hpp"
#include "loader/publish/seen.hpp"
#include "loader/publish/used.hpp"

namespace apiguard::publish {
namespace {

// Versions before this one made the secret of the boot id, which everybody can read who reads the
// status of a node.
bool is_public(std::uint64_t secret) {
  return secret == std::stoull(sha256_hex(read_boot_id()).substr(0, 16), nullptr, 16);
}

}  // namespace

datapath::Ledger look_at_ledger(const Places& places, const World& world, const Request& request) {
  datapath::Ledger::Needs needs;
  needs.audit = request.policy.mode == Mode::kAudit;
  if (world.in_force && world.in_force->settings.abi == APIGUARD_ABI) {
    const apiguard_settings& settings = world.in_force->settings;
    needs.expected = settings.build == datapath::program_build() && !world.live.by_id;
    needs.audited = settings.mode == APIGUARD_MODE_AUDIT;
    if (!is_public(settings.secret)) needs.secret = settings.secret;
  }
  return datapath::Ledger::look(datapath::Pins(places.pin_dir), needs);
}

void find_remembered(const Places& places, const World& world, const Request& request,
                     const datapath::Ledger& ledger, Plan& plan) {
  if (plan.unchanged) return;
  const Used used = read_used(places, world);
  if (!request.boot) plan.cut_ranges = find_cut_ranges(world, used, plan.judged_by(request));
  plan.ledger = used.warnings;
  if (request.policy.mode == Mode::kEnforce && !request.boot) {
    for (const std::string& pin : used.unread)
      plan.ledger.push_back(pin +
                            ": ranges that this change takes out and that were used lately "
                            "are not all named");
  }
  if (plan.attach_only) return;
  plan.ledger.insert(plan.ledger.end(), ledger.warnings().begin(), ledger.warnings().end());
  if (!ledger.begins(datapath::Kept::kSeen)) return;
  if (auto doubt = doubt_seen(places)) plan.ledger.push_back(std::move(*doubt));
}

}  // namespace apiguard::publish
