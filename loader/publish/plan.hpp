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
  // a person took everything off: there is the text to change, at most
  bool all_detached = false;
  // same text, same program, everything attached
  bool unchanged = false;
  // same text and program, but an interface lacks its link
  bool attach_only = false;
  // same text and program, but another book, or ends computed anew
  bool as_edition = false;
  // number it would get; the one in force if unchanged, attach_only or as_edition
  std::uint64_t generation = 0;
  // the same of its edition
  std::uint64_t edition = 0;
  // against the generation in force
  Difference difference;
  // raised and not accepted
  std::vector<Risk> risks;
  // clients that it would cut, accepted or not
  std::vector<CutPeer> cut;
  // and ranges that it would take out and that were used lately
  std::vector<CutRange> cut_ranges;
  // lists that lose more than half, accepted or not
  std::vector<Shrunk> shrunk;
  // of network cards, by a first attach
  Resets resets;
  // files that an undone change brought in and that come back
  std::vector<UndoneFile> undone;
  std::vector<std::string> warnings;
  // interfaces that a person took off
  std::vector<std::string> attached_again;
  // among the warnings: those about what is remembered
  std::vector<std::string> ledger;
  std::vector<datapath::Target> targets;

  // to be written before it is published; none: stays as it is
  std::optional<Book> book;
  // lines that begin to lapse, and the like
  std::vector<std::string> notes;
  // what packets are judged by, where it is not the text alone
  std::optional<Policy> judged;
  // of the book
  std::vector<Range> taken_out;

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
