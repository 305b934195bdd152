// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a verb asks for: a value, made by make_request.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loader/host/detached.hpp"
#include "loader/publish/world.hpp"

namespace apiguard::publish {

// How a change is entered into the operator's files: the whole new text of one of them.
struct FileEdit {
  // as in Sources
  std::string name;
  std::string path;
  // text the edit started from
  std::string before;
  bool existed = true;
  // none: the file is removed
  std::optional<std::string> after;
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

}  // namespace apiguard::publish
