// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A change before it happens: what it would do, what is risky about it, why it is refused. Reads,
// writes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/host/peers.hpp"
#include "loader/host/undone.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/policy/shrink.hpp"
#include "loader/publish/cut.hpp"
#include "loader/publish/request.hpp"
#include "loader/publish/resets.hpp"
#include "loader/publish/risk.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

struct Plan {
  bool all_detached = false;  // a person took everything off: there is the text to change, at most
  bool unchanged = false;     // same text, same program, everything attached
  bool attach_only = false;   // same text and program, but an interface lacks its link
  bool as_edition = false;    // same text and program, but another book, or ends computed anew
  std::uint64_t generation =
      0;  // number it would get; the one in force if unchanged, attach_only or as_edition
  std::uint64_t edition = 0;         // the same of its edition
  Difference difference;             // against the generation in force
  std::vector<Risk> risks;           // raised and not accepted
  std::vector<CutPeer> cut;          // clients that it would cut, accepted or not
  std::vector<CutRange> cut_ranges;  // and ranges that it would take out and that were used lately
  std::vector<Shrunk> shrunk;        // lists that lose more than half, accepted or not
  Resets resets;                     // of network cards, by a first attach
  std::vector<UndoneFile> undone;    // files that an undone change brought in and that come back
  std::vector<std::string> warnings;
  std::vector<std::string> attached_again;  // interfaces that a person took off
  std::vector<std::string> ledger;          // among the warnings: those about what is remembered
  std::vector<datapath::Target> targets;

  std::optional<Book> book;        // to be written before it is published; none: stays as it is
  std::vector<std::string> notes;  // lines that begin to lapse, and the like
  std::optional<Policy> judged;    // what packets are judged by, where it is not the text alone
  std::vector<Range> taken_out;    // of the book

  [[nodiscard]] datapath::Edition which() const { return {generation, edition}; }
  // What a person is shown: also what it takes out of the book.
  [[nodiscard]] Difference shown() const;
  [[nodiscard]] const Policy& judged_by(const Request& request) const {
    return judged ? *judged : request.policy;
  }
};

inline constexpr std::uint8_t kWide4 = 8;
inline constexpr std::uint8_t kWide6 = 16;
// Wider than what the risk 'wide' allows without a word.
[[nodiscard]] bool is_wide(const Range& range);

}  // namespace apiguard::publish
