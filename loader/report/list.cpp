// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/list.hpp"

#include "loader/policy/overlay.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

// Which connections each range has admitted: both stand by prefix, so nothing is searched.
class Column {
 public:
  explicit Column(const UsedState* state) : state_(state) {}

  // Ranges in their order. None: not known, or it can admit none.
  std::optional<Usage> at(const Range& range) {
    if (state_ == nullptr || range.kind == Kind::kExcept) return std::nullopt;
    const auto& entries = state_->ranges;
    while (next_ < entries.size() && entries[next_].prefix < range.prefix) ++next_;
    if (next_ == entries.size() || entries[next_].prefix != range.prefix) return Usage{};
    return entries[next_].total();
  }

 private:
  const UsedState* state_;
  std::size_t next_ = 0;
};

Row row_of(const Range& range, const std::optional<Usage>& usage, Timestamp now) {
  const bool used = usage && usage->connections > 0;
  return {to_string(range.prefix),
          std::string(to_string(range.kind)),
          range.name,
          end_text(range, now),
          usage ? std::to_string(usage->connections) : "",
          used ? seen_text(usage->last, now) : "",
          origin_of(range)};
}

// As it stands two levels deep in an object.
std::string indented(const Json& json) {
  std::string text = "    ";
  for (const char c : dump(json)) {
    text += c;
    if (c == '\n') text += "    ";
  }
  return text;
}

std::string entry_json(const Range& range, const std::optional<Usage>& usage) {
  Json entry = range_json(range);
  add_usage(entry, usage);
  return indented(entry);
}

Row row_of(const BarLine& line, Timestamp now) {
  Range barred;
  barred.until = line.until;
  return {line.bar.prefix ? to_string(*line.bar.prefix) : "", line.bar.name, end_text(barred, now),
          line.bar.by};
}

Json bar_json(const BarLine& line) {
  const auto& prefix = line.bar.prefix;
  return {{"cidr", prefix ? Json(to_string(*prefix)) : Json(nullptr)},
          {"name", text_or_null(line.bar.name)},
          {"until", time_or_null(line.until)},
          {"by", line.bar.by}};
}

}  // namespace

void list_text(const RangeRefs& ranges, const ListUse& use, Timestamp now, const Sink& sink) {
  TableLayout layout({"CIDR", "KIND", "NAME", "UNTIL", "CONNECTIONS", "LAST SEEN", "ORIGIN"});
  Column measured(use.state);
  for (const Range* range : ranges) layout.measure(row_of(*range, measured.at(*range), now));
  sink(layout.header());
  Column shown(use.state);
  for (const Range* range : ranges) sink(layout.line(row_of(*range, shown.at(*range), now)));
}

void bars_text(const std::vector<BarLine>& bars, Timestamp now, const Sink& sink) {
  if (bars.empty()) return;
  TableLayout layout({"BARRED", "NAME", "UNTIL", "BY"});
  for (const BarLine& line : bars) layout.measure(row_of(line, now));
  sink("\n" + layout.header());
  for (const BarLine& line : bars) sink(layout.line(row_of(line, now)));
}

void list_json(const RangeRefs& ranges, const ListUse& use, const std::vector<BarLine>& bars,
               const Sink& sink) {
  sink("{\n  \"schema\": 1,\n  \"ranges\": [");
  Column column(use.state);
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
