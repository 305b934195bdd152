// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/review.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

struct Line {
  const Range* range;
  std::optional<ledger::Usage> usage;
};

Timestamp due(const Range& range) { return range.remark.review().value_or(Timestamp::max()); }

// An earlier date is more overdue than a later one.
std::vector<Line> lines_of(const RangeRefs& ranges, const ListUsage& use) {
  std::vector<Line> lines;
  lines.reserve(ranges.size());
  UsageColumn column(use.log);
  for (const Range* range : ranges) lines.push_back({range, column.at(*range)});
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return due(*a.range) < due(*b.range); });
  return lines;
}

std::string review_of(const Range& range, Timestamp now) {
  if (!range.remark.review()) return "";
  return format_date(*range.remark.review()) + (is_overdue(range.remark, now) ? " OVERDUE" : "");
}

Row row_of(const Line& line, Timestamp now, Times times) {
  const Range& range = *line.range;
  const bool used = line.usage && line.usage->connections > 0;
  return {review_of(range, now),
          to_string(range.prefix),
          std::string(to_string(range.kind)),
          range.name,
          range.remark.why(),
          used ? seen_text(line.usage->last, now, times) : "",
          end_text(range, now, times),
          origin_of(range)};
}

Json json_of(const Line& line, Timestamp now) {
  const Remark& remark = line.range->remark;
  Json json = range_json(*line.range);
  json.erase("why");  // always there, and in this order
  json.erase("review");
  json["why"] = text_or_null(remark.why());
  json["review"] = remark.review() ? Json(format_date(*remark.review())) : Json(nullptr);
  json["overdue"] = is_overdue(remark, now);
  add_usage(json, line.usage);
  return json;
}

}  // namespace

void review_text(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink,
                 const View& view) {
  const std::vector<Line> lines = lines_of(ranges, use);
  TableLayout layout({"REVIEW", "CIDR", "KIND", "NAME", "WHY", "LAST SEEN", "UNTIL", "ORIGIN"},
                     view.fit({"ORIGIN", "UNTIL", "LAST SEEN"}));
  for (const Line& line : lines) layout.measure(row_of(line, now, view.times()));
  sink(layout.header());
  for (const Line& line : lines) sink(layout.line(row_of(line, now, view.times())));
}

void review_json(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink) {
  sink("{\n  \"schema\": 1,\n  \"ranges\": [");
  bool first = true;
  for (const Line& line : lines_of(ranges, use)) {
    sink(std::exchange(first, false) ? "\n" : ",\n");
    sink(indented(json_of(line, now)));
  }
  sink(first ? "]" : "\n  ]");
  sink(",\n  \"observed_since\": " + dump(time_or_null(use.observed_since)) + "\n}\n");
}

std::string overdue_warning(const std::vector<Range>& ranges, Timestamp now) {
  const Range* oldest = nullptr;
  std::size_t count = 0;
  for (const Range& range : ranges) {
    if (!is_overdue(range.remark, now)) continue;
    ++count;
    if (oldest == nullptr || due(range) < due(*oldest)) oldest = &range;
  }
  if (oldest == nullptr) return "";
  return fmt::format(
      "{} whose review is overdue, since {} ({}, {}): 'apiguard list --review' sorts the list by "
      "review date",
      count == 1 ? "1 entry" : fmt::format("{} entries", count),
      format_date(*oldest->remark.review()), to_string(oldest->prefix), to_string(oldest->origin));
}

}  // namespace apiguard::report
