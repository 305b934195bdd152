// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/json.hpp"

#include <fmt/format.h>

#include "loader/base/utf8.hpp"
#include "loader/policy/overlay.hpp"
#include "loader/policy/text.hpp"

namespace apiguard::report {

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json time_or_null(const std::optional<Timestamp>& time) {
  return time ? Json(format_timestamp(*time)) : Json(nullptr);
}

Json range_json(const Range& range) {
  Json json = {{"cidr", to_string(range.prefix)},
               {"kind", to_string(range.kind)},
               {"name", text_or_null(range.name)},
               {"until", time_or_null(range.until)},
               {"origin", origin_of(range)}};
  if (is_lapsing(range)) json["lapsing"] = true;
  if (!range.remark.why().empty()) json["why"] = range.remark.why();
  if (range.remark.review()) json["review"] = format_date(*range.remark.review());
  return json;
}

Json ranges_json(const std::vector<Range>& ranges) {
  Json array = Json::array();
  for (const Range& range : ranges) array.push_back(range_json(range));
  return array;
}

void add_usage(Json& json, const std::optional<ledger::Usage>& usage) {
  const bool used = usage && usage->connections > 0;
  json["connections"] = usage ? Json(usage->connections) : Json(nullptr);
  json["first_seen"] = used ? Json(format_timestamp(usage->first)) : Json(nullptr);
  json["last_seen"] = used ? Json(format_timestamp(usage->last)) : Json(nullptr);
}

// Only strings hold what is not ASCII, so that any of it may be written as an escape.
std::string dump(const Json& json, int indent) {
  const std::string text = json.dump(indent, ' ', false, Json::error_handler_t::replace);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode(text, at);
    if (text[at] == '\n' || is_printable(point)) {
      out += text.substr(at, point.size);
    } else {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(point.value));
    }
    at += point.size;
  }
  return out;
}

std::string indented(const Json& json) {
  std::string text = "    ";
  for (const char c : dump(json)) {
    text += c;
    if (c == '\n') text += "    ";
  }
  return text;
}

}  // namespace apiguard::report
