// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/change.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::report {
namespace {

constexpr std::size_t kShown = 50;  // of each sign; a list may hold a million

std::string line_of(char sign, const Range& range) {
  std::string text = fmt::format("{} ", sign);
  if (range.kind != Kind::kAllow) text += fmt::format("{} ", to_string(range.kind));
  text += to_string(range.prefix);
  if (!range.name.empty()) text += "  " + range.name;
  if (range.until) text += "  until " + format_timestamp(*range.until);
  if (!range.remark.why().empty()) text += "  why " + range.remark.why();
  if (range.remark.review()) text += "  review " + format_date(*range.remark.review());
  return text;
}

std::string lines_of(char sign, const std::vector<Range>& ranges, bool colour) {
  const Colour paint_with = sign == '+' ? Colour::kGreen : Colour::kRed;
  const std::size_t shown = std::min(ranges.size(), kShown);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    text += paint(line_of(sign, ranges[i]), paint_with, colour) + "\n";
  }
  if (shown == ranges.size()) return text;
  const std::string rest = fmt::format("{} and {} more", sign, ranges.size() - shown);
  return text + paint(rest, paint_with, colour) + "\n";
}

Json cut_json(const std::vector<publish::CutPeer>& peers,
              const std::vector<publish::CutRange>& ranges) {
  Json array = Json::array();
  for (const publish::CutPeer& peer : peers) {
    array.push_back({{"address", to_string(peer.peer)},
                     {"connections", peer.connections},
                     {"range", peer.range ? Json(to_string(peer.range->prefix)) : Json(nullptr)},
                     {"last_seen", peer.last ? Json(format_timestamp(*peer.last)) : Json(nullptr)},
                     {"seen", peer.seen == publish::HowSeen::kSocket ? "socket" : "audit"}});
  }
  for (const publish::CutRange& cut : ranges) {
    array.push_back({{"address", nullptr},
                     {"connections", cut.usage.connections},
                     {"range", to_string(cut.range.prefix)},
                     {"last_seen", format_timestamp(cut.usage.last)},
                     {"seen", "used"}});
  }
  return array;
}

}  // namespace

std::string preview(const Difference& difference, bool colour) {
  std::string text =
      lines_of('+', difference.added, colour) + lines_of('-', difference.removed, colour);
  for (const std::string& setting : difference.settings) text += masked_line(setting) + "\n";
  return text;
}

std::string in_force_text(std::uint64_t generation, const std::vector<std::string>& interfaces,
                          Mode mode) {
  std::string text = interfaces.empty()
                         ? fmt::format("generation {} is in force on no interface: mode {}",
                                       generation, to_string(mode))
                         : fmt::format("generation {} is in force on {}: mode {}", generation,
                                       masked_line(fmt::format("{}", fmt::join(interfaces, ", "))),
                                       to_string(mode));
  if (mode == Mode::kAudit) text += ": nothing is dropped, what enforce would drop is counted";
  if (mode == Mode::kOff) text += ": everything passes";
  return text;
}

std::string to_json(const Change& change) {
  const Json generation = change.generation == 0 ? Json(nullptr) : Json(change.generation);
  return dump({{"schema", 1},
               {"changed", change.changed},
               {"generation", generation},
               {"added", ranges_json(change.difference.added)},
               {"removed", ranges_json(change.difference.removed)},
               {"cut", cut_json(change.cut, change.cut_ranges)},
               {"warnings", change.warnings}});
}

std::string to_json(const NotChanged& refusal) {
  Json risks = Json::array();
  for (const NotChanged::Risk& risk : refusal.risks)
    risks.push_back({{"name", risk.name}, {"message", risk.message}});
  return dump({{"schema", 1},
               {"changed", false},
               {"error", {{"exit", refusal.exit}, {"message", refusal.message}}},
               {"risks", risks},
               {"cut", cut_json(refusal.cut, refusal.cut_ranges)},
               {"warnings", refusal.warnings}});
}

}  // namespace apiguard::report
