// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/ledger/handover.hpp"

#include <utility>

#include "loader/ledger/audit_sources.hpp"

namespace apiguard::ledger {

using datapath::LedgerMap;

Handover::Handover(const Host& host, KeptMaps ledger, std::size_t ranges)
    : host_(host),
      pins_(host.pins),
      ledger_(std::move(ledger)),
      usage_(UsageHandover::prepare(pins_, ranges)),
      keeps_usage_(!usage_.begins()) {
  if (usage_.warning()) warnings_.push_back(*usage_.warning());
}

bool Handover::counters_go_on() const { return ledger_.goes_on(LedgerMap::kCounters); }

Result<datapath::Generation> Handover::load(const Image& image, datapath::LoadOptions options,
                                            const Now& now) {
  options.used_fd = usage_.fd();
  options.adds = usage_.copied();
  auto generation = ledger_.load(image, options);
  if (!generation || !ledger_.begins(LedgerMap::kSeen)) return generation;
  if (auto restored = restore_audit_sources(host_, *generation, now); !restored)
    warnings_.push_back(restored.error().message);
  return generation;
}

void Handover::pin_missing(const datapath::Generation& generation,
                           const datapath::Edition& edition) const {
  ledger_.pin_missing(pins_, generation, edition);
}

void Handover::finish(const datapath::Generation& generation, const datapath::Edition& edition) {
  if (auto finished = usage_.finish(generation); !finished) {
    keeps_usage_ = false;
    warnings_.push_back(finished.error().message);
  }
  ledger_.pin(pins_, generation, edition);
}

std::vector<std::string> Handover::warnings() const {
  std::vector<std::string> all = warnings_;
  all.insert(all.end(), ledger_.warnings().begin(), ledger_.warnings().end());
  return all;
}

}  // namespace apiguard::ledger
