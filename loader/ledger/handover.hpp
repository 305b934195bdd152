// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is remembered, on its way from the generation in force to the next one. Nothing of it can
// fail the change: what cannot go on begins anew, and warnings() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "loader/compile/image.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/ledger/host.hpp"
#include "loader/ledger/kept_maps.hpp"
#include "loader/ledger/usage_map.hpp"

namespace apiguard::ledger {

class Handover {
 public:
  // For a list of so many ranges.
  Handover(const Host& host, KeptMaps ledger, std::size_t ranges);

  // What hashes of this boot begin with.
  [[nodiscard]] std::uint64_t secret() const { return ledger_.secret(); }
  [[nodiscard]] bool counters_go_on() const;

  // Generation::load() with the maps that can be kept. The sources of an audit, if they start over,
  // are filled from their file; `used` starts empty (usage_log.hpp). Fails only if the program that
  // judges cannot be loaded.
  [[nodiscard]] Result<datapath::Generation> load(const Image& image, datapath::LoadOptions options,
                                                  const Now& now);
  // Before the links are switched: see KeptMaps.
  void pin_missing(const datapath::Generation& generation, const datapath::Edition& edition) const;
  // Once the links run it.
  void finish(const datapath::Generation& generation, const datapath::Edition& edition);

  // Whether all connections that were attributed to ranges go on to be.
  [[nodiscard]] bool keeps_usage() const { return keeps_usage_; }
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  Host host_;
  datapath::Pins pins_;
  KeptMaps ledger_;
  UsageHandover usage_;
  bool keeps_usage_ = true;
  std::vector<std::string> warnings_;
};

}  // namespace apiguard::ledger
