// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// meta.json and text.json of a generation. A digest in them refuses whatever is changed by chance,
// so the input is taken as it is and sealed anew: behind the seal a record may say anything.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "loader/base/fields.hpp"
#include "loader/host/floor.hpp"
#include "loader/host/record.hpp"
#include "loader/host/sealed.hpp"
#include "loader/publish/lasting.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace apiguard::fuzz {
namespace {

using Json = nlohmann::json;

constexpr Timestamp kWall{1'796'126'400s};
constexpr Now kNow{kWall, BootTime(500s)};

// What a verb does with the times of a record: whatever they are, it computes with them.
void judges_by(const GenerationMeta& meta) {
  Floor floor;
  insert(floor, written(meta));
  for (const char* boot_id : {"boot", "another"}) {
    const Reading reading{kNow, boot_id, false};
    static_cast<void>(describe(believed_time(floor, reading)));
    static_cast<void>(stamp(floor, reading));
    const auto lasting = publish::lasting_now(meta, boot_id, kWall);
    must(lasting.size() == meta.lasting.size(), "no entry is lost by a boot");
    Policy policy;
    for (const Lasting& entry : lasting)
      policy.ranges.push_back({entry.prefix, entry.kind, "", entry.until, {}});
    std::optional<Policy> limited;
    const Policy& ends = publish::cap_ends(policy, lasting, kNow, limited);
    for (std::size_t i = 0; i < policy.ranges.size(); ++i)
      must(*ends.ranges[i].until <= *policy.ranges[i].until, "no end becomes later");
  }
}

using Keys = std::vector<const char*>;
const Keys kMembers{
    "generation", "by",       "verb",       "mode",        "confirmed",     "undone",
    "entered",    "fallback", "stands_for", "fingerprint", "program_build", "fingerprint_permanent",
    "added",      "removed",  "ranges4",    "ranges6",     "digest",        "trusts_clock"};
const Keys kParts{"edits", "lasting", "changes", "files", "clock"};
const Keys kTextMembers{"generation", "mode", "waits", "digest"};
const Keys kTextParts{"files"};

bool says_nothing(const Json& value) {
  return value == "" || value == false || value == 0 || value == Json::array();
}

// Members are kept as they stand; those that say nothing may be left out.
void keeps(const Json& in, const Json& out, const Keys& members) {
  for (const char* key : members) {
    if (!in.contains(key)) continue;
    if (out.contains(key)) {
      same(in[key].dump(), out[key].dump(), key);
    } else {
      must(says_nothing(in[key]), "a member is lost", key);
    }
  }
}

// Of parts that are written in one form of several, as many come out as went in.
void keeps_as_many(const Json& in, const Json& out, const Keys& parts) {
  for (const char* key : parts) {
    if (!in.contains(key) || says_nothing(in[key])) continue;
    must(out.contains(key), "a part is lost", key);
    must(!in[key].is_array() || in[key].size() == out[key].size(), "some of a part is lost", key);
  }
}

void reads_record(const Json* json, const std::string& text) {
  const auto record = reads_back(text, "meta.json: ", parse_record, show_record);
  if (!record) return;
  if (json != nullptr) {
    const Json shown = Json::parse(show_record(*record));
    keeps(*json, shown, kMembers);
    keeps_as_many(*json, shown, kParts);
  }
  judges_by(record->meta);
}

void reads_text_record(const Json* json, const std::string& text) {
  const auto record = reads_back(text, "text.json: ", parse_text_record, show_text_record);
  if (!record || json == nullptr) return;
  const Json shown = Json::parse(show_text_record(*record));
  keeps(*json, shown, kTextMembers);
  keeps_as_many(*json, shown, kTextParts);
}

}  // namespace

void run(std::string_view input) {
  const std::string text(input);
  reads_record(nullptr, text);
  reads_text_record(nullptr, text);
  const auto json = parse_object(text);
  if (!json) return;
  const std::string sealed = show_sealed(*json);
  reads_record(&*json, sealed);
  reads_text_record(&*json, sealed);
}

}  // namespace apiguard::fuzz
