// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/status.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "loader/base/time.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"
#include "loader/report/table.hpp"
#include "loader/report/terminal.hpp"

namespace apiguard::report {
namespace {

Json interface_json(const InterfaceStatus& interface) {
  return {{"name", interface.name},
          {"ifindex", value_or_null(interface.ifindex)},
          {"attached", interface.attached},
          {"xdp_mode", interface.xdp_mode ? Json(to_string(*interface.xdp_mode)) : Json(nullptr)},
          {"prog_id", value_or_null(interface.prog_id)},
          {"link_id", value_or_null(interface.link_id)}};
}

Json damaged_json(const std::optional<DamagedState>& damaged) {
  if (!damaged) return nullptr;
  return {{"generation", damaged->generation},
          {"published", value_or_null(damaged->published)},
          {"why", damaged->why}};
}

Json interfaces_json(const Status& status) {
  Json array = Json::array();
  for (const InterfaceStatus& interface : status.interfaces) {
    array.push_back(interface_json(interface));
  }
  return array;
}

Json endpoints_json(const Status& status) {
  Json array = Json::array();
  for (const Endpoint& endpoint : status.endpoints) array.push_back(to_string(endpoint));
  return array;
}

Json counters_json(const apiguard_counters& counters) {
  Json json = Json::object();
  for (unsigned outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    Json& reasons = json[std::string(outcome_name(outcome))] = Json::object();
    for (unsigned reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
      const std::uint64_t packets = counters.packets[outcome][reason];
      if (packets != 0) reasons[std::string(reason_name(reason))] = packets;
    }
  }
  return json;
}

std::string number_or_nothing(const std::optional<std::uint32_t>& number) {
  return number ? std::to_string(*number) : "";
}

std::string interfaces_text(const std::vector<InterfaceStatus>& interfaces) {
  if (interfaces.empty()) return "";
  Table table({"INTERFACE", "STATE", "XDP MODE", "PROGRAM", "LINK"});
  for (const InterfaceStatus& interface : interfaces) {
    const char* state = interface.attached  ? "attached"
                        : interface.ifindex ? "NOT ATTACHED"
                                            : "absent";
    table.add({interface.name, state,
               interface.xdp_mode ? std::string(to_string(*interface.xdp_mode)) : "",
               number_or_nothing(interface.prog_id), number_or_nothing(interface.link_id)});
  }
  return "\n" + table.text();
}

std::string counters_text(const apiguard_counters& counters) {
  Table table({"OUTCOME", "REASON", "PACKETS"});
  for (unsigned outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    for (unsigned reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
      const std::uint64_t packets = counters.packets[outcome][reason];
      if (packets == 0) continue;
      table.add({std::string(outcome_name(outcome)), std::string(reason_name(reason)),
                 std::to_string(packets)});
    }
  }
  return table.empty() ? "" : "\n" + table.text();
}

std::string endpoints_text(const std::vector<Endpoint>& endpoints) {
  std::string text;
  for (const Endpoint& endpoint : endpoints) text += " " + to_string(endpoint);
  return text.empty() ? "-" : text.substr(1);
}

std::string count_text(const std::optional<std::size_t>& count) {
  return count ? std::to_string(*count) : "?";
}

// Which packets pass there is for its own status to say.
std::string unpinned_text(const std::vector<UnpinnedFilter>& filters) {
  std::vector<std::string> parts;
  parts.reserve(filters.size());
  for (const UnpinnedFilter& each : filters) {
    parts.push_back(fmt::format("{} (generation {}, mode {})", each.name, each.generation,
                                to_string(each.mode)));
  }
  return fmt::format("NOT KNOWN HERE: a filter of apiguard whose pins are not here judges on {}",
                     fmt::join(parts, ", "));
}

Json unpinned_json(const Status& status) {
  Json array = Json::array();
  for (const UnpinnedFilter& each : status.unpinned) {
    array.push_back({{"name", each.name},
                     {"ifindex", each.ifindex},
                     {"prog_id", each.prog_id},
                     {"generation", each.generation},
                     {"mode", to_string(each.mode)}});
  }
  return array;
}

// "*" where all of it was taken off at once; the interfaces by name then say nothing more.
bool says_all(const std::vector<DetachMark>& marks) {
  return std::any_of(marks.begin(), marks.end(),
                     [](const DetachMark& mark) { return mark.name == kDetachedAll; });
}

std::string detached_text(const std::vector<DetachMark>& marks) {
  std::string text;
  for (const DetachMark& mark : marks) {
    const bool all = mark.name == kDetachedAll;
    if (!all && says_all(marks)) continue;
    text += fmt::format("detached     {}{}: 'apiguard apply' on a terminal attaches again\n",
                        all ? "everything" : mark.name, describe(mark));
  }
  return text;
}

Json detached_json(const Status& status) {
  Json array = Json::array();
  for (const DetachMark& mark : status.detached) {
    array.push_back(
        {{"name", mark.name}, {"by", text_or_null(mark.by)}, {"time", time_or_null(mark.time)}});
  }
  return array;
}

// Nothing where nobody has any.
std::string leases_text(const LeaseCounts& leases) {
  if (leases.in_force == 0 && leases.barred == 0) return "";
  return fmt::format("leases       {}, {} of them expiring soon; {} barred\n", leases.in_force,
                     leases.ending_soon, leases.barred);
}

std::string head_text(const Status& status) {
  if (!status.generation) return "";
  return fmt::format(
             "mode         {}\n"
             "generation   {}\n"
             "fingerprint  {}\n"
             "endpoints    {}\n"
             "ranges       {} IPv4, {} IPv6\n",
             status.mode ? to_string(*status.mode) : "?", *status.generation,
             status.fingerprint.empty() ? "?" : status.fingerprint,
             endpoints_text(status.endpoints), count_text(status.ranges4),
             count_text(status.ranges6)) +
         leases_text(status.leases);
}

}  // namespace

std::string not_enforced(const Status& status) {
  const bool attached = std::any_of(status.interfaces.begin(), status.interfaces.end(),
                                    [](const InterfaceStatus& each) { return each.attached; });
  if (!attached && !status.unpinned.empty()) return unpinned_text(status.unpinned);
  if (!attached && !status.detached.empty())
    return "NOT ENFORCED: everything is detached: every packet passes";
  if (!status.generation) return "NOT ENFORCED: nothing is in force: every packet passes";
  if (!attached) return "NOT ENFORCED: no interface is attached: every packet passes";
  if (status.mode == Mode::kAudit) {
    return "NOT ENFORCED: mode is audit: packets that enforce would drop are passed and counted as "
           "would_drop";
  }
  if (status.mode == Mode::kOff) return "NOT ENFORCED: mode is off: every packet passes";
  return "";
}

std::string not_confirmed(const Status& status) {
  if (!status.confirm_deadline) return "";
  return fmt::format("NOT CONFIRMED: undone at {} unless 'apiguard confirm' keeps it",
                     format_timestamp(std::chrono::time_point_cast<std::chrono::seconds>(
                         *status.confirm_deadline)));
}

std::string damaged(const Status& status) {
  if (!status.damaged) return "";
  const DamagedState& damaged = *status.damaged;
  std::string in_force = "nothing is in force";
  if (damaged.published == damaged.generation)
    in_force = "the list in force is unchanged";
  else if (damaged.published)
    in_force = fmt::format("generation {} is in force in its place", *damaged.published);
  return fmt::format(
      "DAMAGED: {}: {}: 'apiguard diff' shows how the files differ, 'apiguard apply' publishes "
      "them and repairs the state",
      damaged.why, in_force);
}

std::string to_text(const Status& status, bool colour) {
  std::string text;
  if (const std::string loud = damaged(status); !loud.empty()) {
    text += paint(loud, Colour::kLoud, colour) + "\n";
  }
  if (const std::string loud = not_confirmed(status); !loud.empty()) {
    text += paint(loud, Colour::kLoud, colour) + "\n";
  }
  if (const std::string loud = not_enforced(status); !loud.empty()) {
    text += paint(loud, Colour::kLoud, colour) + "\n";
  }
  text += detached_text(status.detached) + head_text(status);
  if (status.unapplied) {
    text += "unapplied    the files differ: see 'apiguard diff'\n";
  }
  return text + interfaces_text(status.interfaces) + counters_text(status.counters);
}

std::string to_json(const Status& status) {
  Json json = {{"schema", 1},
               {"mode", status.mode ? Json(to_string(*status.mode)) : Json(nullptr)},
               {"generation", value_or_null(status.generation)},
               {"edition", status.generation ? Json(status.edition) : Json(nullptr)},
               {"confirmed", status.confirmed},
               {"confirm_deadline", time_or_null(status.confirm_deadline)},
               {"unapplied", status.unapplied},
               {"damaged", damaged_json(status.damaged)},
               {"guarded", status.guarded},
               {"guarded_after_boot", value_or_null(status.guarded_after_boot)},
               {"fingerprint", text_or_null(status.fingerprint)},
               {"fingerprint_permanent", text_or_null(status.fingerprint_permanent)},
               {"endpoints", endpoints_json(status)},
               {"ranges",
                {{"ipv4", value_or_null(status.ranges4)}, {"ipv6", value_or_null(status.ranges6)}}},
               {"leases",
                {{"in_force", status.leases.in_force},
                 {"ending_soon", status.leases.ending_soon},
                 {"barred", status.leases.barred}}},
               {"interfaces", interfaces_json(status)},
               {"detached", detached_json(status)},
               {"warnings", status.warnings},
               {"counters", counters_json(status.counters)}};
  if (!status.unpinned.empty()) json["unpinned"] = unpinned_json(status);
  if (status.snapshot) json["snapshot"] = time_or_null(status.snapshot);
  return dump(json);
}

}  // namespace apiguard::report
