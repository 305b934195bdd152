// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/list.hpp"

#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
std::string list_text(const std::vector<Range>& ranges, Timestamp now) {
  Table table({"CIDR", "KIND", "NAME", "UNTIL", "ORIGIN"});
  for (const Range& range : ranges) {
    table.add({to_string(range.prefix), std::string(to_string(range.kind)), range.name,
               end_text(range.until, now), origin_text(range.origin)});
  }
  return table.text();
}

std::string list_json(const std::vector<Range>& ranges) {
  Json array = Json::array();
  for (const Range& range : ranges) {
    Json entry = range_json(range);
    entry["connections"] = nullptr;
    entry["first_seen"] = nullptr;
    entry["last_seen"] = nullptr;
    array.push_back(std::move(entry));
  }
  return dump({{"schema", 1}, {"ranges", std::move(array)}, {"observed_since", nullptr}});
}

}  // namespace apiguard::report
