// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/sources.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/duration.hpp"
#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/ends.hpp"
#include "loader/report/json.hpp"
#include "loader/report/names.hpp"
#include "loader/report/table.hpp"

namespace apiguard::report {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

std::size_t count_shown(const std::vector<DeniedSource>& sources, std::size_t shown) {
  return shown == 0 ? sources.size() : std::min(shown, sources.size());
}

std::string standing(const Range* deciding) {
  if (deciding == nullptr) return "not listed";
  return fmt::format("{} {}", deciding->kind == Kind::kExcept ? "excepted by" : "listed by",
                     range_text(*deciding));
}

Json standing_json(const Range* deciding) {
  if (deciding == nullptr) return {{"listed", false}, {"range", nullptr}, {"name", nullptr}};
  return {{"listed", deciding->kind != Kind::kExcept},
          {"range", to_string(deciding->prefix)},
          {"name", text_or_null(deciding->name)}};
}

// On a terminal a column of zeros has nothing to say.
std::string packets_text(std::uint64_t packets, const View& view) {
  return packets == 0 && view.columns ? "" : std::to_string(packets);
}

constexpr std::size_t kUnprovenShown = 10;

std::string span_text(Timestamp from, Timestamp to) {
  return show_duration(std::chrono::duration_cast<seconds>(std::max<nanoseconds>(0s, to - from)));
}

std::string host_prefix(const Address& address) {
  return to_string(Prefix{address, max_length(address.family)});
}

std::string_view words_for(propose::UnprovenKind kind) {
  switch (kind) {
    case propose::UnprovenKind::kProbe:
      return "opens connections and finishes none";
    case propose::UnprovenKind::kTranslated:
      return "payload for no socket of this host, and no answer is known: translated?";
    default:
      return "nothing of a connection was seen";
  }
}

// A gap in whole seconds, or in milliseconds below ten.
double in_seconds(nanoseconds span) { return static_cast<double>(span.count()) / 1e9; }

std::string gap_text(nanoseconds gap) {
  if (gap < 10s) return fmt::format("{:.1f} s", in_seconds(gap));
  return show_duration(std::chrono::duration_cast<seconds>(gap + 500ms));
}

std::string line_of(const propose::Unproven& source, Timestamp now) {
  std::string text = fmt::format("  {}  {} packet{}", to_string(source.source), source.packets,
                                 source.packets == 1 ? "" : "s");
  const propose::HealthChecks* known = propose::known_health_checks(source.source);
  if (source.rhythm) {
    text +=
        fmt::format(", every {} since {} ({} ago): health check?", gap_text(source.rhythm->gap),
                    format_timestamp(source.rhythm->since), span_text(source.rhythm->since, now));
  } else {
    text += fmt::format(", last {} ago: {}", span_text(source.last, now), words_for(source.kind));
  }
  if (known != nullptr)
    text += fmt::format("; health checks of {} come from {}", known->cloud, known->ranges);
  if (source.rhythm || known != nullptr)
    text += fmt::format("; to allow it: apiguard allow {}", host_prefix(source.source));
  return text + "\n";
}

std::string remark_on(const propose::Suggestion& range) {
  const propose::HealthChecks* known = propose::known_health_checks(range.cidr.address);
  if (known == nullptr) return {};
  return fmt::format("# health checks of {} come from {} ({}):\n", known->cloud, known->ranges,
                     known->source);
}

std::string commands(const std::vector<propose::Suggestion>& ranges) {
  std::string text;
  for (const propose::Suggestion& range : ranges) {
    if (range.listed) continue;
    if (range.network) {
      text += fmt::format("# looks like a temporary address, its host also uses others of {}:\n",
                          to_string(*range.network));
    }
    text += remark_on(range) + fmt::format("apiguard allow {}\n", to_string(range.cidr));
  }
  return text;
}

}  // namespace

std::string denied_text(const std::vector<DeniedSource>& sources, std::size_t shown,
                        const std::vector<const Range*>& deciding, Timestamp now,
                        const View& view) {
  const std::size_t count = count_shown(sources, shown);
  Table table({"SOURCE", "DROPPED", "WOULD DROP", "LAST REASON", "FIRST SEEN", "LAST SEEN", "NOW"},
              view.fit({"FIRST SEEN", "LAST REASON"}));
  for (std::size_t i = 0; i < count; ++i) {
    const DeniedSource& source = sources[i];
    table.add({source.source ? to_string(*source.source) : "",
               packets_text(source.packets - source.would_drop, view),
               packets_text(source.would_drop, view), std::string(reason_name(source.reason)),
               seen_text(source.first, now, view.times()),
               seen_text(source.last, now, view.times()),
               source.source && i < deciding.size() ? standing(deciding[i]) : ""});
  }
  std::string text = table.text();
  if (count < sources.size())
    text += fmt::format("and {} more: '--top 0' shows all\n", sources.size() - count);
  return text;
}

std::string denied_json(const std::vector<DeniedSource>& sources, std::size_t shown,
                        const std::vector<const Range*>& deciding) {
  Json array = Json::array();
  for (std::size_t i = 0; i < count_shown(sources, shown); ++i) {
    const DeniedSource& source = sources[i];
    array.push_back({{"source", source.source ? Json(to_string(*source.source)) : Json(nullptr)},
                     {"packets", source.packets},
                     {"first_seen", format_timestamp(source.first)},
                     {"last_seen", format_timestamp(source.last)},
                     {"reason", reason_name(source.reason)},
                     {"verdict", outcome_name(source.outcome)},
                     {"dropped", source.packets - source.would_drop},
                     {"would_drop", source.would_drop},
                     {"now", source.source && i < deciding.size() ? standing_json(deciding[i])
                                                                  : Json(nullptr)}});
  }
  return dump({{"schema", 1}, {"sources", std::move(array)}});
}

std::string unproven_text(const std::vector<propose::Unproven>& sources, Timestamp now) {
  std::string text;
  const std::size_t shown = std::min(sources.size(), kUnprovenShown);
  for (std::size_t i = 0; i < shown; ++i) text += line_of(sources[i], now);
  if (shown < sources.size()) text += fmt::format("  and {} more\n", sources.size() - shown);
  return text;
}

std::string suggest_text(const propose::Suggestions& suggestions, std::size_t unestablished,
                         const std::vector<propose::Unproven>& unproven, Timestamp now) {
  Table table({"CIDR", "SOURCES", "CONNECTIONS", "DAYS", "LISTED"});
  for (const propose::Suggestion& range : suggestions.ranges) {
    table.add({to_string(range.cidr), std::to_string(range.sources),
               std::to_string(range.connections), std::to_string(range.days),
               range.listed ? "yes" : "no"});
  }
  std::string text = table.empty() ? "" : table.text();
  const auto add = [&text](std::size_t count, std::string_view what) {
    if (count != 0)
      text += fmt::format("{} more source{}: {}\n", count, count == 1 ? "" : "s", what);
  };
  add(std::max(unestablished, unproven.size()), "no connection was seen, nothing is suggested");
  text += unproven_text(unproven, now);
  add(suggestions.excepted, "covered by an except range, nothing is suggested");
  const std::string list = commands(suggestions.ranges);
  if (list.empty()) return text;
  return text +
         "\n# allow only sources that you know: every client that connected in audit is here;\n"
         "# nodes and load balancers belong under 'cluster' in the configuration\n" +
         list;
}

std::string suggest_json(const propose::Suggestions& suggestions, std::size_t unestablished,
                         const std::vector<propose::Unproven>& unproven) {
  Json array = Json::array();
  Json sources = Json::array();
  for (const propose::Unproven& source : unproven) {
    const auto& rhythm = source.rhythm;
    sources.push_back(
        {{"source", to_string(source.source)},
         {"packets", source.packets},
         {"first_seen", format_timestamp(source.first)},
         {"last_seen", format_timestamp(source.last)},
         {"kind", propose::to_string(source.kind)},
         {"every_seconds", rhythm ? Json(in_seconds(rhythm->gap)) : Json(nullptr)},
         {"rhythm_since", rhythm ? Json(format_timestamp(rhythm->since)) : Json(nullptr)}});
  }
  for (const propose::Suggestion& range : suggestions.ranges) {
    array.push_back({{"cidr", to_string(range.cidr)},
                     {"sources", range.sources},
                     {"connections", range.connections},
                     {"days", range.days},
                     {"listed", range.listed},
                     {"network", range.network ? Json(to_string(*range.network)) : Json(nullptr)}});
  }
  return dump({{"schema", 1},
               {"ranges", std::move(array)},
               {"unestablished_sources", unestablished},
               {"unproven", std::move(sources)},
               {"excepted_sources", suggestions.excepted}});
}

}  // namespace apiguard::report
