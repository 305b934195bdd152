// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/history.hpp"

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

std::string standing(const History& history, const GenerationMeta& meta) {
  if (meta.undone) return "undone";
  if (!meta.confirmed) return history.in_force == meta.generation ? "unconfirmed" : "superseded";
  return history.in_force == meta.generation ? "in force" : "";
}

// A table needs no fractions.
std::string seconds_text(Timestamp time) {
  return format_timestamp(std::chrono::time_point_cast<std::chrono::seconds>(time));
}

Json entries_json(const std::vector<Range>& ranges) {
  Json array = Json::array();
  for (const Range& range : ranges) {
    array.push_back({{"cidr", to_string(range.prefix)},
                     {"kind", to_string(range.kind)},
                     {"name", text_or_null(range.name)},
                     {"until", time_or_null(range.until)}});
  }
  return array;
}

Json changes_json(const GenerationMeta& meta) {
  Json array = Json::array();
  for (const GenerationMeta::Change& change : meta.changes) {
    array.push_back({{"by", change.by},
                     {"verb", change.verb},
                     {"added", entries_json(change.added)},
                     {"removed", entries_json(change.removed)}});
  }
  return array;
}

}  // namespace

std::string to_text(const History& history, Timestamp now, const View& view) {
  Fit fit = view.fit({"MODE"});
  fit.cuts_last = true;
  Table table({"GENERATION", "TIME", "STATE", "MODE", "CHANGE", "BY", "VERB"}, std::move(fit));
  for (const GenerationMeta& meta : history.generations) {
    table.add({std::to_string(meta.generation),
               view.columns ? seen_text(meta.time, now, view.times()) : seconds_text(meta.time),
               standing(history, meta), std::string(to_string(meta.mode)),
               fmt::format("+{} -{}", meta.added, meta.removed), meta.by, meta.verb});
  }
  return table.text();
}

std::string to_json(const History& history) {
  Json array = Json::array();
  for (const GenerationMeta& meta : history.generations) {
    Json json = {{"generation", meta.generation},
                 {"time", format_timestamp(meta.time)},
                 {"by", meta.by},
                 {"in_force", history.in_force == meta.generation},
                 {"confirmed", meta.confirmed},
                 {"added", meta.added},
                 {"removed", meta.removed},
                 {"verb", meta.verb}};
    if (!meta.changes.empty()) json["changes"] = changes_json(meta);
    array.push_back(std::move(json));
  }
  return dump({{"schema", 1}, {"generations", std::move(array)}});
}

}  // namespace apiguard::report
