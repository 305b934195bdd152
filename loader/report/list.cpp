// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/list.hpp"

#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

Row row_of(const Range& range, Timestamp now) {
  return {to_string(range.prefix), std::string(to_string(range.kind)), range.name,
          end_text(range.until, now), to_string(range.origin)};
}

// As it stands two levels deep in an object.
std::string entry_json(const Range& range) {
  Json entry = range_json(range);
  entry["connections"] = nullptr;
  entry["first_seen"] = nullptr;
  entry["last_seen"] = nullptr;
  std::string indented = "    ";
  for (const char c : dump(entry)) {
    indented += c;
    if (c == '\n') indented += "    ";
  }
  return indented;
}

}  // namespace

void list_text(const RangeRefs& ranges, Timestamp now, const Sink& sink) {
  TableLayout layout({"CIDR", "KIND", "NAME", "UNTIL", "ORIGIN"});
  for (const Range* range : ranges) layout.measure(row_of(*range, now));
  sink(layout.header());
  for (const Range* range : ranges) sink(layout.line(row_of(*range, now)));
}

void list_json(const RangeRefs& ranges, const Sink& sink) {
  sink("{\n  \"schema\": 1,\n  \"ranges\": [");
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    sink(i == 0 ? "\n" : ",\n");
    sink(entry_json(*ranges[i]));
  }
  sink(ranges.empty() ? "]" : "\n  ]");
  sink(",\n  \"observed_since\": null\n}\n");
}

}  // namespace apiguard::report
