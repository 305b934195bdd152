// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/lease.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"

namespace apiguard::report {
namespace {

constexpr std::size_t kNamed = 5;

std::string line_of(const std::vector<LeaseAnswer>& answers, LeaseResult result) {
  std::size_t count = 0;
  std::vector<std::string> named;
  Timestamp first{};
  Timestamp last{};
  for (const LeaseAnswer& answer : answers) {
    if (answer.result != result || !answer.until) continue;
    first = count == 0 ? *answer.until : std::min(first, *answer.until);
    last = count == 0 ? *answer.until : std::max(last, *answer.until);
    if (++count <= kNamed) named.push_back(to_string(answer.prefix));
  }
  if (count == 0) return "";
  std::string text = fmt::format("{} lease{} {} until {}", count, count == 1 ? "" : "s",
                                 to_string(result), format_timestamp(first));
  if (first != last) text += " or later";
  if (result == LeaseResult::kAdded || count == 1) {
    text += fmt::format(": {}{}", fmt::join(named, ", "), count > kNamed ? ", ..." : "");
  }
  return text + "\n";
}

Json json_of(const LeaseAnswer& answer) {
  return {{"cidr", to_string(answer.prefix)},    {"name", text_or_null(answer.name)},
          {"until", time_or_null(answer.until)}, {"result", to_string(answer.result)},
          {"in_force", answer.in_force},         {"why", text_or_null(answer.why)}};
}

}  // namespace

std::string to_text(const Leases& leases) {
  std::string text;
  for (const LeaseResult result :
       {LeaseResult::kAdded, LeaseResult::kRenewed, LeaseResult::kUnchanged})
    text += line_of(leases.answers, result);
  return text;
}

std::vector<std::string> refusals(const std::vector<LeaseAnswer>& answers) {
  std::vector<std::string> lines;
  for (const LeaseAnswer& answer : answers) {
    if (answer.why.empty()) continue;
    const std::string_view what = answer.until ? "not in force" : to_string(answer.result);
    lines.push_back(
        fmt::format("lease '{}': {}: {}", to_string(answer.prefix), what, masked_line(answer.why)));
  }
  return lines;
}

std::string to_json(const Leases& leases) {
  Json array = Json::array();
  for (const LeaseAnswer& answer : leases.answers) array.push_back(json_of(answer));
  const bool any = leases.generation != 0;
  return dump({{"schema", 1},
               {"changed", leases.changed},
               {"generation", any ? Json(leases.generation) : Json(nullptr)},
               {"edition", any ? Json(leases.edition) : Json(nullptr)},
               {"leases", array},
               {"warnings", leases.warnings}});
}

}  // namespace apiguard::report
