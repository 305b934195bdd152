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
  enum class Kind : std::uint8_t {
    // A person's change of the files: a new generation; risks are asked about.
    kChange,
    // A person's change of the book alone: an edition of the text in force; risks are asked about.
    kBook,
    // A tool's change of the book: the same, and asks about nothing.
    kLeases,
    // Ends computed anew after the clock was set: the same, and does what it can.
    kClocks,
    // Never refuses what it can do in part, and asks about nothing.
    kBoot,
    // Works with a full disk, read-only folders and broken files.
    kWayOut,
    // What is stays as it is; `notes` say why.
    kNothing
  };
  Kind kind = Kind::kChange;

  // As typed.
  std::string verb;
  // Whose change it is; empty: whoever runs this.
  std::string by;
  // Where it is that of several: group.hpp.
  std::vector<GenerationMeta::Change> changes;
  // Asked right before links are switched; an error ends the publish as if it had failed there.
  std::function<Result<>()> last_look;

  // Text of the generation to publish, and what it says.
  Sources sources;
  Policy policy;
  std::vector<FileEdit> edits;
  // As it is to be; its edition is the plan's. None: as it is.
  std::optional<Book> book;
  // Of the book, to be shown.
  std::vector<Range> taken_out;
  // Entries that are given a duration.
  std::vector<Lasting> lasting;
  // Edits in the files beyond this change that are not in force.
  Difference unapplied;
  // Of parsing.
  std::vector<std::string> warnings;
  // "range '...': already listed".
  std::vector<std::string> notes;

  // Risks.
  std::set<std::string> accepted;
  // A list that loses more than half is a risk; so is the filter, which this turns off.
  bool asks_shrink = false;
  bool asks_off = false;
  // A way out that publishes what was undone, by its number.
  bool brings_back_undone = false;
  // A person's word: no generation before this one is a floor.
  bool trust_clock = false;
  // A new generation although the text is the one in force.
  bool renumber = false;
  // A boot puts this stored generation back, under its number; none: it gets a new one.
  std::optional<std::uint64_t> restores;
  // Generation that waits for its confirmation and ends by this; 0: none.
  std::uint64_t undoes = 0;
  // Why a boot publishes this; the mark stays as it is.
  std::optional<Damage> damage;
  // From the moment it takes effect; unconfirmed by then, it is undone. None: confirmed.
  std::optional<std::chrono::nanoseconds> confirm_within;

  // What a person took off: it stays so, and without a link is no target.
  Detached detached;
  // But to this verb: the risk 'detached', and then the marks go,
  bool attaches = false;
  // also those of what is not there.
  bool forgets_marks = false;

  [[nodiscard]] bool is_way_out() const { return kind == Kind::kWayOut; }
  // Nobody is there to be asked.
  [[nodiscard]] bool is_unattended() const { return kind == Kind::kBoot || kind == Kind::kClocks; }
  // Of the text in force: an edition of it, or nothing.
  [[nodiscard]] bool is_edition() const {
    return kind == Kind::kBook || kind == Kind::kLeases || kind == Kind::kClocks;
  }
  // Does what it can, whatever else is on the host.
  [[nodiscard]] bool goes_on() const {
    return is_unattended() || (is_way_out() && !confirm_within);
  }
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
