// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/list.hpp"

#include <algorithm>

#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

// Only where some entry has a remark it takes columns.
Row header(bool remarks) {
  Row row{"CIDR", "KIND", "NAME", "UNTIL", "CONNECTIONS", "LAST SEEN", "ORIGIN"};
  if (remarks) row.insert(row.end(), {"WHY", "REVIEW"});
  return row;
}

struct Shape {
  Timestamp now;
  bool remarks = false;
  Times times = Times::kWhole;
};

Row row_of(const Range& range, const std::optional<ledger::Usage>& usage, const Shape& shape) {
  const bool used = usage && usage->connections > 0;
  Row row{to_string(range.prefix),
          std::string(to_string(range.kind)),
          range.name,
          end_text(range, shape.now, shape.times),
          usage ? std::to_string(usage->connections) : "",
          used ? seen_text(usage->last, shape.now, shape.times) : "",
          origin_of(range)};
  if (!shape.remarks) return row;
  row.push_back(range.remark.why());
  const auto review = range.remark.review();
  row.push_back(review ? format_date(*review) : "");
  return row;
}

std::string entry_json(const Range& range, const std::optional<ledger::Usage>& usage) {
  Json entry = range_json(range);
  add_usage(entry, usage);
  return indented(entry);
}

Row row_of(const BarLine& line, Timestamp now, Times times) {
  Range barred;
  barred.until = line.until;
  return {line.bar.prefix ? to_string(*line.bar.prefix) : "", line.bar.name,
          end_text(barred, now, times), line.bar.by};
}

Json bar_json(const BarLine& line) {
  const auto& prefix = line.bar.prefix;
  return {{"cidr", prefix ? Json(to_string(*prefix)) : Json(nullptr)},
          {"name", text_or_null(line.bar.name)},
          {"until", time_or_null(line.until)},
          {"by", line.bar.by}};
}

}  // namespace

std::optional<ledger::Usage> UsageColumn::at(const Range& range) {
  if (state_ == nullptr || range.kind == Kind::kExcept) return std::nullopt;
  const auto& entries = state_->ranges;
  while (next_ < entries.size() && entries[next_].prefix < range.prefix) ++next_;
  if (next_ == entries.size() || entries[next_].prefix != range.prefix) return ledger::Usage{};
  return entries[next_].total();
}

void list_text(const RangeRefs& ranges, const ListUsage& use, Timestamp now, const Sink& sink,
               const View& view) {
  const bool remarks = std::any_of(ranges.begin(), ranges.end(),
                                   [](const Range* range) { return !range->remark.empty(); });
  const Shape shape{now, remarks, view.times()};
  TableLayout layout(header(remarks),
                     view.fit({"ORIGIN", "REVIEW", "WHY", "LAST SEEN", "CONNECTIONS"}));
  UsageColumn measured(use.log);
  for (const Range* range : ranges) layout.measure(row_of(*range, measured.at(*range), shape));
  sink(layout.header());
  UsageColumn shown(use.log);
  for (const Range* range : ranges) sink(layout.line(row_of(*range, shown.at(*range), shape)));
}

void bars_text(const std::vector<BarLine>& bars, Timestamp now, const Sink& sink,
               const View& view) {
  if (bars.empty()) return;
  TableLayout layout({"BARRED", "NAME", "UNTIL", "BY"}, view.fit({"BY"}));
  for (const BarLine& line : bars) layout.measure(row_of(line, now, view.times()));
  sink("\n" + layout.header());
  for (const BarLine& line : bars) sink(layout.line(row_of(line, now, view.times())));
}

void list_json(const RangeRefs& ranges, const ListUsage& use, const std::vector<BarLine>& bars,
               const Sink& sink) {
  sink("{\n  \"schema\": 1,\n  \"ranges\": [");
  UsageColumn column(use.log);
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    sink(i == 0 ? "\n" : ",\n");
    sink(entry_json(*ranges[i], column.at(*ranges[i])));
  }
  sink(ranges.empty() ? "]" : "\n  ]");
  sink(",\n  \"observed_since\": " + dump(time_or_null(use.observed_since)) + ",\n  \"bars\": [");
  for (std::size_t i = 0; i < bars.size(); ++i) {
    sink(i == 0 ? "\n" : ",\n");
    sink(indented(bar_json(bars[i])));
  }
  sink(bars.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

}  // namespace apiguard::report
