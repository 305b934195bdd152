// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Two files of a generation in the state directory. meta.json is its record: the meta and the
// digests of its text. It is rewritten when the generation enters into force, is confirmed or
// undone. text.json is written once, with the text, and says as much as is needed to use the text
// where the record is lost.
#pragma once

#include <optional>
#include <vector>

#include <string>

#include "loader/host/state.hpp"
#include "loader/result.hpp"

namespace apiguard {

struct FileDigest {
  std::string name;    // as in Sources
  std::string digest;  // SHA-256 of its text
};

struct TextDigests {
  std::string whole;              // SHA-256 over names and texts of the files
  std::vector<FileDigest> files;  // each by itself; empty: an older version wrote it
};

struct Record {
  GenerationMeta meta;
  TextDigests text;
};

struct TextRecord {
  std::uint64_t generation = 0;
  Mode mode = Mode::kEnforce;
  bool waits = false;  // it was published to be undone unless somebody confirms it
  TextDigests text;
};

[[nodiscard]] std::string show_record(const Record& record);
// Every member must be there and of its type; members that are not known are no error. A record
// of an older version has neither `entered` nor a digest of itself.
[[nodiscard]] Result<Record> parse_record(const std::string& text);  // "meta.json: ..."

[[nodiscard]] std::string show_text_record(const TextRecord& record);
[[nodiscard]] Result<TextRecord> parse_text_record(const std::string& text);  // "text.json: ..."

}  // namespace apiguard
