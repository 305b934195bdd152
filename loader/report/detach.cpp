// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/detach.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/masked.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/names.hpp"

namespace apiguard::report {
namespace {

constexpr std::size_t kNamed = 10;

std::uint64_t dropped(const DeniedSource& source) { return source.packets - source.would_drop; }

std::string name_of(const DeniedSource& source) {
  return source.source ? to_string(*source.source) : "a source behind more VLAN tags than are read";
}

// By which interface a source came is not remembered.
std::string gets_in_text(const Detach& detach, Timestamp now) {
  const std::vector<DeniedSource>& sources = detach.gets_in;
  if (!detach.enforced) return "\nthe mode drops nothing: every source gets in already";
  if (sources.empty()) return "\nno source was dropped within 24 h";
  std::string text = detach.all ? "\ndropped within 24 h, and let in by this:"
                                : "\ndropped within 24 h on some interface, and let in on these:";
  const std::size_t named = std::min(kNamed, sources.size());
  for (std::size_t i = 0; i < named; ++i) {
    text += fmt::format("\n  {}: {} packets, the last {}", name_of(sources[i]), dropped(sources[i]),
                        seen_text(sources[i].last, now));
  }
  if (named < sources.size()) text += fmt::format("\n  and {} more", sources.size() - named);
  return text;
}

}  // namespace

std::string to_text(const Detach& detach, Timestamp now) {
  if (detach.interfaces.empty()) return "nothing was attached";
  const std::string names = masked_line(fmt::format("{}", fmt::join(detach.interfaces, ", ")));
  if (!detach.dry_run) return "detached: " + names;
  return fmt::format("dry run: would be detached: {}{}", names, gets_in_text(detach, now));
}

std::string to_json(const Detach& detach) {
  Json sources = Json::array();
  for (const DeniedSource& one : detach.gets_in) {
    sources.push_back({{"source", one.source ? Json(to_string(*one.source)) : Json(nullptr)},
                       {"packets", dropped(one)},
                       {"last_seen", format_timestamp(one.last)},
                       {"reason", reason_name(one.reason)}});
  }
  return dump({{"schema", 1},
               {"changed", !detach.dry_run && !detach.interfaces.empty()},
               {"dry_run", detach.dry_run},
               {"interfaces", detach.interfaces},
               {"gets_in", std::move(sources)},
               {"warnings", detach.warnings}});
}

}  // namespace apiguard::report
