// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A change before it happens: what it would do, what is risky about it, why it is refused. Reads,
// writes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/host/marks.hpp"
#include "loader/host/peers.hpp"
#include "loader/host/undone.hpp"
#include "loader/ledger/usage_log.hpp"
#include "loader/policy/shrink.hpp"
#include "loader/publish/cut.hpp"
#include "loader/publish/resets.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// How a change is entered into the operator's files: the whole new text of one of them.
struct FileEdit {
  std::string name;  // as in Sources
  std::string path;
  std::string before;  // text the edit started from
  bool existed = true;
  std::optional<std::string> after;  // none: the file is removed
};

// What a verb asks for.
struct Request {
  std::string verb;                             // as typed
  std::string by;                               // whose change it is; empty: whoever runs this
  std::vector<GenerationMeta::Change> changes;  // where it is that of several: group.hpp
  // Asked right before links are switched; an error ends the publish as if it had failed there.
  std::function<Result<>()> last_look;
  Sources sources;  // text of the generation to publish
  Policy policy;    // what it says
  std::vector<FileEdit> edits;
  std::vector<std::string> warnings;  // of parsing
  std::vector<std::string> notes;     // "range '...': already listed"
  Difference unapplied;               // edits in the files beyond this change that are not in force
  std::set<std::string> accepted;     // risks
  bool way_out = false;               // must work with a full disk, read-only folders, broken files
  bool brings_back_undone = false;    // a way out that publishes what was undone, by its number
  bool asks_shrink = false;           // a list that loses more than half is a risk
  bool asks_off = false;              // so is the filter, which this turns off
  bool boot = false;                  // never refuses what it can do in part, raises no risk
  bool trust_clock = false;           // a person's word: no generation before this one is a floor
  bool leases = false;                // the text in force, beside `book`: raises no risk
  bool no_number = false;             // the text in force: an edition of it, or nothing
  bool anew = false;                  // a new generation although the text is the one in force
  bool nothing = false;               // there is nothing to change: what is stays as it is
  bool republish = false;             // no new number: put a stored generation back after a boot
  std::uint64_t generation = 0;       // with republish: its number
  std::uint64_t undoes = 0;           // generation that waits for its confirmation and ends by this
  std::vector<Lasting> lasting;       // entries that are given a duration
  std::optional<Book> book;           // as it is to be; its edition is the plan's. None: as it is
  std::vector<Range> taken_out;       // of the book, to be shown
  Detached detached;      // what a person took off: it stays so, and without a link is no target
  bool attaches = false;  // but to this verb: the risk 'detached', and then the marks go,
  bool forgets_marks = false;    // also those of what is not there
  std::optional<Damage> damage;  // a boot: why it publishes this; the mark stays as it is
  // Nanoseconds from the moment it takes effect; unconfirmed by then, it is undone. None:
  // confirmed.
  std::optional<std::int64_t> confirm_within;
};

struct Risk {
  std::string name;
  std::string message;
};

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
