// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/snapshot.hpp"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"

namespace apiguard::report {
namespace {

std::optional<Timestamp> time_of(const Json& json) {
  const auto text = optional_of<std::string>(json);
  if (!text) return std::nullopt;
  const auto time = parse_timestamp(*text);
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<XdpMode> xdp_mode_of(const Json& json) {
  const auto text = optional_of<std::string>(json);
  for (const XdpMode mode : {XdpMode::kNative, XdpMode::kGeneric}) {
    if (text && *text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

InterfaceStatus interface_of(const Json& json) {
  InterfaceStatus interface;
  json.at("name").get_to(interface.name);
  interface.ifindex = optional_of<int>(json.at("ifindex"));
  json.at("attached").get_to(interface.attached);
  interface.xdp_mode = xdp_mode_of(json.at("xdp_mode"));
  interface.prog_id = optional_of<std::uint32_t>(json.at("prog_id"));
  interface.link_id = optional_of<std::uint32_t>(json.at("link_id"));
  return interface;
}

std::vector<Endpoint> endpoints_of(const Json& json) {
  std::vector<Endpoint> endpoints;
  for (const Json& entry : json) {
    if (const auto endpoint = parse_endpoint(entry.get<std::string>()))
      endpoints.push_back(*endpoint);
  }
  return endpoints;
}

apiguard_counters counters_of(const Json& json) {
  apiguard_counters counters{};
  for (unsigned outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    const Json& reasons = json.at(std::string(outcome_name(outcome)));
    for (unsigned reason = 0; reason < APIGUARD_REASON_MAX; ++reason) {
      const auto at = reasons.find(std::string(reason_name(reason)));
      if (at != reasons.end()) at->get_to(counters.packets[outcome][reason]);
    }
  }
  return counters;
}

std::optional<DamagedState> damaged_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return DamagedState{json.at("generation").get<std::uint64_t>(),
                      optional_of<std::uint64_t>(json.at("published")),
                      json.at("why").get<std::string>()};
}

std::vector<DetachMark> detached_of(const Json& json) {
  std::vector<DetachMark> marks;
  for (const Json& entry : json) {
    marks.push_back({entry.at("name").get<std::string>(), time_of(entry.at("time")),
                     optional_of<std::string>(entry.at("by")).value_or(std::string()), 0});
  }
  return marks;
}

std::vector<UnpinnedFilter> unpinned_of(const Json& json) {
  std::vector<UnpinnedFilter> filters;
  for (const Json& entry : json) {
    UnpinnedFilter& filter = filters.emplace_back();
    entry.at("name").get_to(filter.name);
    entry.at("ifindex").get_to(filter.ifindex);
    entry.at("prog_id").get_to(filter.prog_id);
    entry.at("generation").get_to(filter.generation);
    filter.mode = parse_mode(entry.at("mode").get<std::string>()).value_or(Mode::kEnforce);
  }
  return filters;
}

Status status_of(const Json& json) {
  Status status;
  if (const auto mode = optional_of<std::string>(json.at("mode"))) status.mode = parse_mode(*mode);
  status.generation = optional_of<std::uint64_t>(json.at("generation"));
  status.edition = optional_of<std::uint64_t>(json.at("edition")).value_or(0);
  json.at("confirmed").get_to(status.confirmed);
  status.confirm_deadline = time_of(json.at("confirm_deadline"));
  json.at("unapplied").get_to(status.unapplied);
  status.damaged = damaged_of(json.at("damaged"));
  json.at("guarded").get_to(status.guarded);
  status.fingerprint = optional_of<std::string>(json.at("fingerprint")).value_or(std::string());
  status.fingerprint_permanent =
      optional_of<std::string>(json.at("fingerprint_permanent")).value_or(std::string());
  status.endpoints = endpoints_of(json.at("endpoints"));
  status.ranges4 = optional_of<std::size_t>(json.at("ranges").at("ipv4"));
  status.ranges6 = optional_of<std::size_t>(json.at("ranges").at("ipv6"));
  status.detached = detached_of(json.at("detached"));
  if (json.contains("unpinned")) status.unpinned = unpinned_of(json.at("unpinned"));
  const Json& leases = json.at("leases");
  leases.at("in_force").get_to(status.leases.in_force);
  leases.at("ending_soon").get_to(status.leases.ending_soon);
  leases.at("barred").get_to(status.leases.barred);
  for (const Json& interface : json.at("interfaces"))
    status.interfaces.push_back(interface_of(interface));
  status.counters = counters_of(json.at("counters"));
  status.snapshot = time_of(json.at("snapshot"));
  return status;
}

}  // namespace

std::string show_snapshot(const Snapshot& snapshot) {
  Json json = Json::parse(to_json(snapshot.status));
  json["problems"] = snapshot.problems;
  json["notes"] = snapshot.notes;
  json["messages_dropped"] = snapshot.lost.messages;
  json["events_lost"] = {{"denied", snapshot.lost.denied}, {"admitted", snapshot.lost.admitted}};
  json["boot_id"] = snapshot.boot_id;
  json["boot"] = nanoseconds_of(snapshot.boot);
  return dump(json) + "\n";
}

Result<Snapshot> parse_snapshot(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    Snapshot snapshot;
    snapshot.status = status_of(json);
    json.at("problems").get_to(snapshot.problems);
    json.at("notes").get_to(snapshot.notes);
    json.at("events_lost").at("denied").get_to(snapshot.lost.denied);
    json.at("events_lost").at("admitted").get_to(snapshot.lost.admitted);
    snapshot.lost.messages =
        json.value("messages_dropped", std::uint64_t{0});  // younger than files may be
    json.at("boot_id").get_to(snapshot.boot_id);
    snapshot.boot = boot_time_of(json.at("boot").get<std::uint64_t>());
    if (snapshot.status.snapshot) return snapshot;
    return fail(Exit::kFailed, "snapshot: it does not say when it was taken");
  } catch (const Json::exception& error) {
    return fail(Exit::kFailed, fmt::format("snapshot: {}", error.what()));
  }
}

}  // namespace apiguard::report
