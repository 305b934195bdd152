// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/check.hpp"

#include "loader/policy/overlay.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

std::string verdict(const Check& check) { return check.pass ? "pass" : "drop"; }

void add_members(Json& json, const Check& check) {
  const auto& range = check.range;
  json["source"] = to_string(check.source);
  json["verdict"] = verdict(check);
  json["reason"] = check.reason;
  json["range"] = range ? Json(to_string(range->prefix)) : Json(nullptr);
  json["name"] = range ? text_or_null(range->name) : Json(nullptr);
  json["until"] = range ? time_or_null(range->until) : Json(nullptr);
  if (range && is_lapsing(*range)) json["lapsing"] = true;
  if (range && !range->remark.why().empty()) json["why"] = range->remark.why();
  json["mode"] = to_string(check.mode);
  add_usage(json, check.usage);
}

}  // namespace

std::string check_text(const std::vector<Check>& checks, Timestamp now, const View& view) {
  Table table({"SOURCE", "VERDICT", "REASON", "RANGE", "NAME", "UNTIL", "CONNECTIONS", "LAST SEEN"},
              view.fit({"LAST SEEN", "CONNECTIONS"}));
  for (const Check& check : checks) {
    const Range range = check.range.value_or(Range{});
    table.add({to_string(check.source), verdict(check), check.reason,
               check.range ? to_string(range.prefix) : "", range.name,
               end_text(range, now, view.times()),
               check.usage ? std::to_string(check.usage->connections) : "",
               check.usage && check.usage->connections > 0
                   ? seen_text(check.usage->last, now, view.times())
                   : ""});
  }
  return table.text();
}

std::string check_json(const std::vector<Check>& checks) {
  Json json = {{"schema", 1}};
  if (checks.size() == 1) {
    add_members(json, checks.front());
    return dump(json);
  }
  json["checks"] = Json::array();
  for (const Check& check : checks) {
    Json entry = Json::object();
    add_members(entry, check);
    json["checks"].push_back(std::move(entry));
  }
  return dump(json);
}

}  // namespace apiguard::report
