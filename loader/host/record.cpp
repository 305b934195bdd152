// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/record.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "loader/host/fields.hpp"
#include "loader/host/sealed.hpp"

namespace apiguard {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kSchema = 1;
constexpr const char* kMeta = "meta.json";
constexpr const char* kText = "text.json";

std::optional<Kind> kind_of(std::string_view text) {
  for (const Kind kind : {Kind::kAllow, Kind::kExcept}) {
    if (text == to_string(kind)) return kind;
  }
  return std::nullopt;
}

void take_edits(Fields& fields, std::vector<GenerationMeta::Edit>& to) {
  const Json* edits = fields.take_array("edits");
  if (edits == nullptr) return;
  for (const Json& json : *edits) {
    GenerationMeta::Edit edit;
    Fields parts(json);
    parts.take("name", edit.name);
    parts.take("before", edit.before);
    if (json.contains("after")) parts.take("after", edit.after.emplace());
    if (!parts.refused().empty()) fields.refuse("edits");
    to.push_back(std::move(edit));
  }
}

void take_lasting(Fields& fields, const Json& json, std::vector<Lasting>& to) {
  if (!json.contains("lasting")) return;
  const Json* entries = fields.take_array("lasting");
  if (entries == nullptr) return;
  for (const Json& entry : *entries) {
    Fields parts(entry);
    std::string cidr;
    std::string kind;
    Lasting lasting;
    parts.take("cidr", cidr);
    parts.take("kind", kind);
    parts.take("until", lasting.until);
    parts.take("end", lasting.end);
    const Result<ParsedPrefix> prefix = parse_prefix(cidr);
    const std::optional<Kind> known = kind_of(kind);
    if (!prefix || !known || !parts.refused().empty()) return fields.refuse("lasting");
    lasting.prefix = prefix->prefix;
    lasting.kind = *known;
    to.push_back(lasting);
  }
}

std::vector<Range> take_ranges(Fields& fields, const char* key) {
  std::vector<Range> ranges;
  const Json* entries = fields.take_array(key);
  if (entries == nullptr) return ranges;
  for (const Json& entry : *entries) {
    Fields parts(entry);
    std::string cidr;
    std::string kind;
    Range range;
    parts.take("cidr", cidr);
    parts.take("kind", kind);
    parts.take_if_there("name", range.name);
    if (entry.contains("until")) parts.take("until", range.until.emplace());
    const Result<ParsedPrefix> prefix = parse_prefix(cidr);
    const std::optional<Kind> known = kind_of(kind);
    if (!prefix || !known || !parts.refused().empty()) {
      fields.refuse(key);
      return {};
    }
    range.prefix = prefix->prefix;
    range.kind = *known;
    ranges.push_back(std::move(range));
  }
  return ranges;
}

void take_changes(Fields& fields, const Json& json, std::vector<GenerationMeta::Change>& to) {
  if (!json.contains("changes")) return;
  const Json* changes = fields.take_array("changes");
  if (changes == nullptr) return;
  for (const Json& one : *changes) {
    GenerationMeta::Change change;
    Fields parts(one);
    parts.take("ticket", change.ticket);
    parts.take("by", change.by);
    parts.take("verb", change.verb);
    change.added = take_ranges(parts, "added");
    change.removed = take_ranges(parts, "removed");
    if (!parts.refused().empty()) return fields.refuse("changes");
    to.push_back(std::move(change));
  }
}

void take_mode(Fields& fields, Mode& to) {
  std::string text;
  fields.take("mode", text);
  if (const std::optional<Mode> mode = parse_mode(text)) {
    to = *mode;
  } else {
    fields.refuse("mode");
  }
}

void take_files(Fields& fields, std::vector<FileDigest>& to) {
  const Json* files = fields.take_array("files");
  if (files == nullptr) return;
  for (const Json& json : *files) {
    FileDigest file;
    Fields parts(json);
    parts.take("name", file.name);
    parts.take("digest", file.digest);
    if (!parts.refused().empty()) fields.refuse("files");
    to.push_back(std::move(file));
  }
}

std::string take_record(const Json& json, Record& record) {
  Fields fields(json);
  GenerationMeta& meta = record.meta;
  fields.take("generation", meta.generation);
  take_time(fields, meta.time);
  take_stamp(fields, json, meta.stamp);
  fields.take_if_there("trusts_clock", meta.trusts_clock);
  take_lasting(fields, json, meta.lasting);
  fields.take("by", meta.by);
  fields.take("verb", meta.verb);
  take_mode(fields, meta.mode);
  fields.take("confirmed", meta.confirmed);
  fields.take_if_there("entered", meta.entered);
  fields.take_if_there("stands_for", meta.stands_for);
  fields.take_if_there("undone", meta.undone);
  fields.take_if_there("fallback", meta.fallback);
  fields.take("fingerprint", meta.fingerprint);
  fields.take_if_there("fingerprint_permanent", meta.fingerprint_permanent);
  fields.take("program_build", meta.program_build);
  fields.take("added", meta.added);
  fields.take("removed", meta.removed);
  fields.take("ranges4", meta.ranges4);
  fields.take("ranges6", meta.ranges6);
  take_edits(fields, meta.edits);
  take_changes(fields, json, meta.changes);
  fields.take("digest", record.text.whole);
  if (json.contains("files")) take_files(fields, record.text.files);
  return fields.refused();
}

std::string take_text_record(const Json& json, TextRecord& record) {
  Fields fields(json);
  fields.take("generation", record.generation);
  take_mode(fields, record.mode);
  fields.take("waits", record.waits);
  fields.take("digest", record.text.whole);
  take_files(fields, record.text.files);
  return fields.refused();
}

tl::unexpected<Error> fail_damaged(std::string_view file, std::string_view what) {
  return fail(Exit::kFailed, fmt::format("{}: {}: the state directory was damaged", file, what));
}

Result<> check_schema(const Json& json, std::string_view file) {
  std::uint64_t schema = 0;
  Fields fields(json);
  fields.take("schema", schema);
  if (schema > kSchema) {
    return fail(Exit::kFailed,
                fmt::format("{}: schema {} is of a newer apiguard, this one reads {}; install "
                            "the newer one again or take another generation",
                            file, schema, kSchema));
  }
  if (schema != kSchema) return fail_damaged(file, "'schema' is missing or wrong");
  return {};
}

// The members that came up together with the digest: a record with one of them has all.
bool is_of_older_version(const Json& json) {
  return !json.contains(kSealMember) && !json.contains("entered") && !json.contains("files") &&
         !json.contains("stands_for");
}

Json files_json(const std::vector<FileDigest>& files) {
  Json array = Json::array();
  for (const FileDigest& file : files)
    array.push_back({{"name", file.name}, {"digest", file.digest}});
  return array;
}

}  // namespace

namespace {

Json show_lasting(const std::vector<Lasting>& entries) {
  Json json = Json::array();
  for (const Lasting& entry : entries) {
    json.push_back({{"cidr", to_string(entry.prefix)},
                    {"kind", to_string(entry.kind)},
                    {"until", nanoseconds_of(entry.until)},
                    {"end", nanoseconds_of(entry.end)}});
  }
  return json;
}

Json show_entries(const std::vector<Range>& ranges) {
  Json json = Json::array();
  for (const Range& range : ranges) {
    Json one = {{"cidr", to_string(range.prefix)}, {"kind", to_string(range.kind)}};
    if (!range.name.empty()) one["name"] = range.name;
    if (range.until) one["until"] = nanoseconds_of(*range.until);
    json.push_back(std::move(one));
  }
  return json;
}

Json show_changes(const std::vector<GenerationMeta::Change>& changes) {
  Json json = Json::array();
  for (const GenerationMeta::Change& change : changes) {
    json.push_back({{"ticket", change.ticket},
                    {"by", change.by},
                    {"verb", change.verb},
                    {"added", show_entries(change.added)},
                    {"removed", show_entries(change.removed)}});
  }
  return json;
}

void add_clocks(const GenerationMeta& meta, Json& json) {
  if (meta.stamp) json["clock"] = show_stamp(*meta.stamp);
  if (meta.trusts_clock) json["trusts_clock"] = true;
  if (!meta.lasting.empty()) json["lasting"] = show_lasting(meta.lasting);
}

}  // namespace

Written written(const GenerationMeta& meta) {
  return {meta.generation, meta.time, meta.stamp, meta.trusts_clock};
}

std::string show_record(const Record& record) {
  const GenerationMeta& meta = record.meta;
  Json edits = Json::array();
  for (const GenerationMeta::Edit& edit : meta.edits) {
    Json one = {{"name", edit.name}, {"before", edit.before}};
    if (edit.after) one["after"] = *edit.after;
    edits.push_back(std::move(one));
  }
  Json json = {{"schema", kSchema},
               {"generation", meta.generation},
               {"time", format_timestamp(meta.time)},
               {"by", meta.by},
               {"verb", meta.verb},
               {"mode", to_string(meta.mode)},
               {"confirmed", meta.confirmed},
               {"undone", meta.undone},
               {"fallback", meta.fallback},
               {"fingerprint", meta.fingerprint},
               {"program_build", meta.program_build},
               {"added", meta.added},
               {"removed", meta.removed},
               {"ranges4", meta.ranges4},
               {"ranges6", meta.ranges6},
               {"edits", edits},
               {"stands_for", meta.stands_for},
               {"digest", record.text.whole}};
  if (!meta.fingerprint_permanent.empty())
    json["fingerprint_permanent"] = meta.fingerprint_permanent;
  if (meta.entered) json["entered"] = *meta.entered;
  if (!record.text.files.empty()) json["files"] = files_json(record.text.files);
  add_clocks(meta, json);
  if (!meta.changes.empty()) json["changes"] = show_changes(meta.changes);
  return show_sealed(std::move(json));
}

Result<Record> parse_record(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_damaged(kMeta, "it is no JSON object");
  if (Result<> known = check_schema(json, kMeta); !known) return fail(known.error());
  Record record;
  const std::string refused = take_record(json, record);
  if (!refused.empty())
    return fail_damaged(kMeta, fmt::format("'{}' is missing or wrong", refused));
  if (!is_of_older_version(json) && !is_sealed(json, text))
    return fail_damaged(kMeta, "its digest differs");
  return record;
}

std::string show_text_record(const TextRecord& record) {
  return show_sealed({{"schema", kSchema},
                      {"generation", record.generation},
                      {"mode", to_string(record.mode)},
                      {"waits", record.waits},
                      {"digest", record.text.whole},
                      {"files", files_json(record.text.files)}});
}

Result<TextRecord> parse_text_record(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail_damaged(kText, "it is no JSON object");
  if (Result<> known = check_schema(json, kText); !known) return fail(known.error());
  TextRecord record;
  const std::string refused = take_text_record(json, record);
  if (!refused.empty())
    return fail_damaged(kText, fmt::format("'{}' is missing or wrong", refused));
  if (!is_sealed(json, text)) return fail_damaged(kText, "its digest differs");
  return record;
}

}  // namespace apiguard
