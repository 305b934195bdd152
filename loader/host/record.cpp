// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/record.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "loader/host/sealed.hpp"
#include "loader/host/stamp_fields.hpp"

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
  fields.take_each("edits", [&](Fields& parts) {
    GenerationMeta::Edit& edit = to.emplace_back();
    parts.take("name", edit.name);
    parts.take("before", edit.before);
    parts.take_if_there("after", edit.after);
  });
}

void take_prefix(Fields& fields, Prefix& to) {
  std::string cidr;
  fields.take("cidr", cidr);
  if (const Result<ParsedPrefix> prefix = parse_prefix(cidr)) {
    to = prefix->prefix;
  } else {
    fields.refuse("cidr");
  }
}

void take_kind(Fields& fields, Kind& to) {
  std::string text;
  fields.take("kind", text);
  if (const std::optional<Kind> kind = kind_of(text)) {
    to = *kind;
  } else {
    fields.refuse("kind");
  }
}

void take_lasting(Fields& fields, std::vector<Lasting>& to) {
  if (!fields.has("lasting")) return;
  fields.take_each("lasting", [&](Fields& parts) {
    Lasting& lasting = to.emplace_back();
    take_prefix(parts, lasting.prefix);
    take_kind(parts, lasting.kind);
    parts.take("until", lasting.until);
    parts.take("end", lasting.end);
  });
}

void take_ranges(Fields& fields, const char* key, std::vector<Range>& to) {
  fields.take_each(key, [&](Fields& parts) {
    Range& range = to.emplace_back();
    take_prefix(parts, range.prefix);
    take_kind(parts, range.kind);
    parts.take_if_there("name", range.name);
    parts.take_if_there("until", range.until);
  });
}

void take_changes(Fields& fields, std::vector<GenerationMeta::Change>& to) {
  if (!fields.has("changes")) return;
  fields.take_each("changes", [&](Fields& parts) {
    GenerationMeta::Change& change = to.emplace_back();
    parts.take("ticket", change.ticket);
    parts.take("by", change.by);
    parts.take("verb", change.verb);
    take_ranges(parts, "added", change.added);
    take_ranges(parts, "removed", change.removed);
  });
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
  fields.take_each("files", [&](Fields& parts) {
    FileDigest& file = to.emplace_back();
    parts.take("name", file.name);
    parts.take("digest", file.digest);
  });
}

Result<Record> take_record(Fields fields) {
  Record record;
  GenerationMeta& meta = record.meta;
  fields.take("generation", meta.generation);
  take_time(fields, meta.time);
  take_stamp(fields, meta.stamp);
  fields.take_if_there("trusts_clock", meta.trusts_clock);
  take_lasting(fields, meta.lasting);
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
  take_changes(fields, meta.changes);
  fields.take("digest", record.text.whole);
  if (fields.has("files")) take_files(fields, record.text.files);
  if (auto right = fields.check(); !right) return fail(right.error());
  return record;
}

Result<TextRecord> take_text_record(Fields fields) {
  TextRecord record;
  fields.take("generation", record.generation);
  take_mode(fields, record.mode);
  fields.take("waits", record.waits);
  fields.take("digest", record.text.whole);
  take_files(fields, record.text.files);
  if (auto right = fields.check(); !right) return fail(right.error());
  return record;
}

tl::unexpected<Error> fail_damaged(std::string_view file, std::string_view what) {
  return fail(Exit::kFailed, fmt::format("{}: {}: the state directory was damaged", file, what));
}

Result<> check_schema(Fields fields, std::string_view file) {
  std::uint64_t schema = 0;
  fields.take("schema", schema);
  if (schema > kSchema) {
    return fail(Exit::kFailed,
                fmt::format("{}: schema {} belongs to a newer apiguard, this one reads {}; install "
                            "the newer one again or use another generation",
                            file, schema, kSchema));
  }
  if (schema != kSchema) return fail_damaged(file, "'schema' is missing or wrong");
  return {};
}

// The members that came up together with the digest: a record with one of them has all.
bool is_of_older_version(const Fields& fields) {
  return !fields.has(kSealMember) && !fields.has("entered") && !fields.has("files") &&
         !fields.has("stands_for");
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
  const Result<Json> json = parse_object(text);
  if (!json) return fail_damaged(kMeta, json.error().message);
  const Fields fields(*json);
  if (Result<> known = check_schema(fields, kMeta); !known) return fail(known.error());
  Result<Record> record = take_record(fields);
  if (!record) return fail_damaged(kMeta, record.error().message);
  if (!is_of_older_version(fields) && !is_sealed(*json, text))
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
  const Result<Json> json = parse_object(text);
  if (!json) return fail_damaged(kText, json.error().message);
  const Fields fields(*json);
  if (Result<> known = check_schema(fields, kText); !known) return fail(known.error());
  Result<TextRecord> record = take_text_record(fields);
  if (!record) return fail_damaged(kText, record.error().message);
  if (!is_sealed(*json, text)) return fail_damaged(kText, "its digest differs");
  return record;
}

}  // namespace apiguard
