// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What is remembered, on its way from one generation to the next: counters, denied, seen, flows,
// watches, rings, used, and the secret of this boot. It may be lost. Nothing here can fail a change
// of what is judged: a map that cannot go on is left out, said, and begun anew.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "loader/datapath/generation.hpp"
#include "loader/datapath/pins.hpp"
#include "loader/datapath/secret.hpp"
#include "loader/result.hpp"

namespace apiguard::datapath {

class Ledger {
 public:
  // What is known of the generation in force and of the one to come.
  struct Needs {
    bool audit = false;     // the one to come does
    bool expected = false;  // the one in force has the same maps: those are to be pinned
    bool audited = false;   // the one in force does
    std::optional<std::uint64_t> secret;  // of the one in force, unless it is to be given up
  };

  // Reads what is at the pins, writes nothing.
  [[nodiscard]] static Ledger look(const Pins& pins, const Needs& needs);

  // Nothing begins anew and no pin has to be mended.
  [[nodiscard]] bool whole() const { return warnings_.empty(); }
  // "pin '...': holds a program: counters begin anew".
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] bool goes_on(Kept kept) const { return kept_.fd(kept) >= 0; }
  // Whether it is there in full from the next generation on, and was not before.
  [[nodiscard]] bool begins(Kept kept) const { return is_pinned(kept) && !goes_on(kept); }
  [[nodiscard]] std::uint64_t secret() const { return secret_.value; }

  // Generation::load() with what goes on. Where the kernel refuses the program because of it, or
  // has no room for what begins, it is loaded without, or with the least. `used_fd` as in
  // LoadOptions.
  [[nodiscard]] Result<Generation> load(const Image& image, LoadOptions options);

  // Pins what begins where there is nothing yet: before the links are switched, so that a kill
  // leaves no generation in force without its maps.
  void pin_missing(const Pins& pins, const Generation& generation, const Edition& edition) const;
  // Makes all pins lead to the maps of a generation that is in force, whatever they lead to now.
  void pin(const Pins& pins, const Generation& generation, const Edition& edition);

 private:
  struct Place {
    std::string pin;
    std::string_view content;
    int fd;
  };

  void look_at_kept(const Pins& pins, const Needs& needs, Kept kept);
  void look_at_used(const Pins& pins, const Needs& needs);
  void look_at_secret(const Pins& pins, const Needs& needs);
  void begin(Kept kept, const std::string& pin, std::string_view why);
  [[nodiscard]] bool shrinks(const LoadOptions& options) const;
  [[nodiscard]] bool leave_misfits(const Pins& pins, LoadOptions& options);
  [[nodiscard]] bool is_pinned(Kept kept) const;
  [[nodiscard]] std::vector<Place> places(const Pins& pins, const Generation& generation,
                                          const Edition& edition) const;

  Pins pins_{""};
  bool audit_ = false;
  KeptMaps kept_;                              // those that go on
  std::array<bool, kAllKept.size()> begun_{};  // whose pins are taken or were lost
  Secret secret_;
  std::vector<std::string> warnings_;
};

// Whether a map is what a pin of this name is for. Names of no map of this ABI are for any map.
[[nodiscard]] bool belongs_to(const Pins& pins, const std::string& pin, int map_fd);

}  // namespace apiguard::datapath
