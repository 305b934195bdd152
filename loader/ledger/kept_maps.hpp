// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Which maps of the ledger the next generation takes over: counters, denied, seen, unproven, flows,
// watches, rings, used, and the secret of this boot. They may be lost, and nothing here fails a
// change: a map that does not fit is left out with a warning and starts over. What must hold before any goes
// on is in publish/remembered.cpp, the shape of each in datapath/ledger_maps.hpp, `used` in
// usage_map.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/datapath/generation.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/ledger/secret.hpp"

namespace apiguard::ledger {

class KeptMaps {
 public:
  // What is known of the generation in force and of the one to come.
  struct Needs {
    // the one to come does
    bool audit = false;
    // the one in force has the same maps: those are to be pinned
    bool expected = false;
    // the one in force does
    bool audited = false;
    // of the one in force, unless it is to be given up
    std::optional<std::uint64_t> secret;
  };

  // Reads what is at the pins, writes nothing.
  [[nodiscard]] static KeptMaps look(const datapath::Pins& pins, const Needs& needs);

  // Nothing begins anew and no pin has to be mended.
  [[nodiscard]] bool whole() const { return warnings_.empty(); }
  // "pin '...': holds a program: counters begin anew".
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] bool goes_on(datapath::LedgerMap kept) const { return kept_.fd(kept) >= 0; }
  // Whether it is there in full from the next generation on, and was not before.
  [[nodiscard]] bool begins(datapath::LedgerMap kept) const {
    return is_pinned(kept) && !goes_on(kept);
  }
  [[nodiscard]] std::uint64_t secret() const { return secret_.value; }

  // Generation::load() with what goes on. Where the kernel refuses the program because of it, or
  // has no room for what begins, it is loaded without, or with the least. `used_fd` as in
  // LoadOptions.
  [[nodiscard]] Result<datapath::Generation> load(const Image& image,
                                                  datapath::LoadOptions options);

  // Pins what begins where there is nothing yet: before the links are switched, so that a kill
  // leaves no generation in force without its maps.
  void pin_missing(const datapath::Pins& pins, const datapath::Generation& generation,
                   const datapath::Edition& edition) const;
  // Makes all pins lead to the maps of a generation that is in force, whatever they lead to now.
  void pin(const datapath::Pins& pins, const datapath::Generation& generation,
           const datapath::Edition& edition);

 private:
  struct Place {
    std::string pin;
    std::string_view content;
    int fd;
  };

  void look_at_kept(const datapath::Pins& pins, const Needs& needs, datapath::LedgerMap kept);
  void look_at_used(const datapath::Pins& pins, const Needs& needs);
  void look_at_secret(const datapath::Pins& pins, const Needs& needs);
  void begin(datapath::LedgerMap kept, const std::string& pin, std::string_view why);
  [[nodiscard]] bool shrinks(const datapath::LoadOptions& options) const;
  [[nodiscard]] bool leave_misfits(const datapath::Pins& pins, datapath::LoadOptions& options);
  [[nodiscard]] bool is_pinned(datapath::LedgerMap kept) const;
  [[nodiscard]] std::vector<Place> places(const datapath::Pins& pins,
                                          const datapath::Generation& generation,
                                          const datapath::Edition& edition) const;

  datapath::Pins pins_{""};
  bool audit_ = false;
  // those that go on
  datapath::LedgerMaps kept_;
  // whose pins are taken or were lost
  std::array<bool, datapath::kLedgerMaps.size()> begun_{};
  Secret secret_;
  std::vector<std::string> warnings_;
};

}  // namespace apiguard::ledger
