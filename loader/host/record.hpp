// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two files of a generation in the state directory. meta.json is its record: the meta and the
// digests of its text. It is rewritten when the generation enters into force, is confirmed or
// undone. text.json is written once, with the text, and says as much as is needed to use the text
// where the record is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loader/base/result.hpp"
#include "loader/host/floor.hpp"
#include "loader/policy/text.hpp"

namespace apiguard {

// An entry that was given a duration (allow --for). It lasts no longer than that on the boot-time
// clock, whatever the wall clock says of its end later: that may have been another one by then.
struct Lasting {
  Prefix prefix;
  Kind kind = Kind::kAllow;
  // as its line says
  Timestamp until{};
  // in the boot of the stamp it is written with
  BootTime end{};
  // The same by the wall clock, by which the time counts that the host was off. Not written; none:
  // it is of this boot, where the boot-time clock is exact.
  std::optional<Timestamp> by_wall = std::nullopt;

  friend bool operator==(const Lasting&, const Lasting&) = default;
};

struct GenerationMeta {
  std::uint64_t generation = 0;
  // when it was written, as time is taken: floor.hpp
  Timestamp time{};
  // by which clocks
  std::optional<Stamp> stamp;
  // a person said that the clock is right
  bool trusts_clock = false;
  std::vector<Lasting> lasting;
  // "root", "alice (uid 1000) from 203.0.113.7"
  std::string by;
  // "allow 203.0.113.0/24"
  std::string verb;
  Mode mode = Mode::kEnforce;
  bool confirmed = true;
  // Whether links ran it: written after they were switched and before the mark. None: the record is
  // of an older version, which did not say.
  std::optional<bool> entered;
  // it waited for its confirmation in vain
  bool undone = false;
  // A boot published it because this one was damaged; 0: a person's change.
  std::uint64_t stands_for = 0;
  // If it was published unconfirmed: what was marked in force, 0: nothing.
  std::uint64_t fallback = 0;
  // of the policy
  std::string fingerprint;
  // of what in it does not end; empty: not known
  std::string fingerprint_permanent;
  std::string program_build;
  // against the generation before
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  // effective ranges of the list, whatever the mode
  std::uint64_t ranges4 = 0;
  std::uint64_t ranges6 = 0;
  // What the change writes to the operator's files once it is in force; names of Sources
  // ("apiguard.toml", "authorized-ranges", "authorized-ranges.d/x.list"). Rolling forward after a
  // crash replaces a file only if it still is what `before` digests, undoing only if it still is
  // what `after` does. The two go by these bytes and never by the text of the generation, which
  // need not hold what else stood in the file.
  struct Edit {
    std::string name;
    // SHA-256 of the file the edit started from, "" if it was absent
    std::string before;
    // SHA-256 of the file that the change writes, "" if it removes it. Records of older versions
    // have none: there it is the text of the generation.
    std::optional<std::string> after;
  };
  std::vector<Edit> edits;
  // Changes that were published together, in their order; empty: it is one change, by `by`.
  struct Change {
    // of whoever waited for it: queue.hpp
    std::string ticket;
    std::string by;
    std::string verb;
    std::vector<Range> added;
    std::vector<Range> removed;
  };
  std::vector<Change> changes;
};

// What of it may hold the time.
[[nodiscard]] Written written(const GenerationMeta& meta);

struct FileDigest {
  // as in Sources
  std::string name;
  // SHA-256 of its text
  std::string digest;
};

struct TextDigests {
  // SHA-256 over names and texts of the files
  std::string whole;
  // each by itself; empty: an older version wrote it
  std::vector<FileDigest> files;
};

struct Record {
  GenerationMeta meta;
  TextDigests text;
};

struct TextRecord {
  std::uint64_t generation = 0;
  Mode mode = Mode::kEnforce;
  // it was published to be undone unless somebody confirms it
  bool waits = false;
  TextDigests text;
};

[[nodiscard]] std::string show_record(const Record& record);
// Every member must be there and of its type; members that are not known are no error. A record
// of an older version has neither `entered` nor a digest of itself.
// "meta.json: ..."
[[nodiscard]] Result<Record> parse_record(const std::string& text);

[[nodiscard]] std::string show_text_record(const TextRecord& record);
// "text.json: ..."
[[nodiscard]] Result<TextRecord> parse_text_record(const std::string& text);

}  // namespace apiguard
