// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/snapshot.hpp"

#include <optional>
#include <string_view>

#include "loader/base/fields.hpp"
#include "loader/policy/text.hpp"
#include "loader/report/json.hpp"

namespace apiguard::report {
namespace {

// Texts that mean nothing to this version are as none.
std::optional<Timestamp> take_time(Fields& fields, const char* key) {
  std::optional<std::string> text;
  fields.take_unless_null(key, text);
  const auto time = parse_timestamp(text.value_or(std::string()));
  return time ? std::optional(*time) : std::nullopt;
}

std::optional<Mode> take_mode(Fields& fields) {
  std::optional<std::string> text;
  fields.take_unless_null("mode", text);
  return text ? parse_mode(*text) : std::nullopt;
}

std::optional<XdpMode> take_xdp_mode(Fields& fields) {
  std::optional<std::string> text;
  fields.take_unless_null("xdp_mode", text);
  for (const XdpMode mode : {XdpMode::kNative, XdpMode::kGeneric}) {
    if (text && *text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

void take_interface(Fields& fields, InterfaceStatus& to) {
  fields.take("name", to.name);
  fields.take_unless_null("ifindex", to.ifindex);
  fields.take("attached", to.attached);
  to.xdp_mode = take_xdp_mode(fields);
  fields.take_unless_null("prog_id", to.prog_id);
  fields.take_unless_null("link_id", to.link_id);
}

void take_endpoints(Fields& fields, std::vector<Endpoint>& to) {
  fields.take_texts("endpoints", [&](const std::string& text) {
    if (const auto endpoint = parse_endpoint(text)) to.push_back(*endpoint);
    return true;
  });
}

void take_counters(Fields& fields, apiguard_counters& to) {
  for (unsigned outcome = 0; outcome < APIGUARD_OUTCOME_MAX; ++outcome) {
    fields.take_object(std::string(outcome_name(outcome)), [&](Fields& reasons) {
      for (unsigned reason = 0; reason < APIGUARD_REASON_MAX; ++reason)
        reasons.take_if_there(std::string(reason_name(reason)), to.packets[outcome][reason]);
    });
  }
}

void take_damaged(Fields& fields, std::optional<DamagedState>& to) {
  if (fields.is_null("damaged")) return;
  fields.take_object("damaged", [&](Fields& parts) {
    DamagedState& damaged = to.emplace();
    parts.take("generation", damaged.generation);
    parts.take_unless_null("published", damaged.published);
    parts.take("why", damaged.why);
  });
}

void take_detached(Fields& fields, std::vector<DetachMark>& to) {
  fields.take_each("detached", [&](Fields& parts) {
    DetachMark& mark = to.emplace_back();
    parts.take("name", mark.name);
    mark.time = take_time(parts, "time");
    parts.take_unless_null("by", mark.by);
  });
}

void take_unpinned(Fields& fields, std::vector<UnpinnedFilter>& to) {
  if (!fields.has("unpinned")) return;
  fields.take_each("unpinned", [&](Fields& parts) {
    UnpinnedFilter& filter = to.emplace_back();
    parts.take("name", filter.name);
    parts.take("ifindex", filter.ifindex);
    parts.take("prog_id", filter.prog_id);
    parts.take("generation", filter.generation);
    filter.mode = take_mode(parts).value_or(Mode::kEnforce);
  });
}

void take_lists(Fields& fields, Status& status) {
  take_endpoints(fields, status.endpoints);
  take_detached(fields, status.detached);
  take_unpinned(fields, status.unpinned);
  fields.take_each("interfaces",
                   [&](Fields& parts) { take_interface(parts, status.interfaces.emplace_back()); });
}

void take_numbers(Fields& fields, Status& status) {
  fields.take_object("ranges", [&](Fields& parts) {
    parts.take_unless_null("ipv4", status.ranges4);
    parts.take_unless_null("ipv6", status.ranges6);
  });
  fields.take_object("leases", [&](Fields& parts) {
    parts.take("in_force", status.leases.in_force);
    parts.take("ending_soon", status.leases.ending_soon);
    parts.take("barred", status.leases.barred);
  });
  fields.take_object("counters", [&](Fields& parts) { take_counters(parts, status.counters); });
}

void take_status(Fields& fields, Status& status) {
  status.mode = take_mode(fields);
  fields.take_unless_null("generation", status.generation);
  fields.take_unless_null("edition", status.edition);
  fields.take("confirmed", status.confirmed);
  status.confirm_deadline = take_time(fields, "confirm_deadline");
  fields.take("unapplied", status.unapplied);
  take_damaged(fields, status.damaged);
  fields.take("guarded", status.guarded);
  fields.take_unless_null("fingerprint", status.fingerprint);
  fields.take_unless_null("fingerprint_permanent", status.fingerprint_permanent);
  take_lists(fields, status);
  take_numbers(fields, status);
  status.snapshot = take_time(fields, "snapshot");
}

void take_lost(Fields& fields, Lost& lost) {
  fields.take_object("events_lost", [&](Fields& parts) {
    parts.take("denied", lost.denied);
    parts.take("admitted", lost.admitted);
  });
  fields.take_if_there("messages_dropped", lost.messages);  // younger than files may be
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
  const auto json = parse_object(text);
  if (!json) return fail_in("snapshot", json.error());
  Snapshot snapshot;
  Fields fields(*json);
  take_status(fields, snapshot.status);
  fields.take("problems", snapshot.problems);
  fields.take("notes", snapshot.notes);
  take_lost(fields, snapshot.lost);
  fields.take("boot_id", snapshot.boot_id);
  fields.take("boot", snapshot.boot);
  if (auto right = fields.check(); !right) return fail_in("snapshot", right.error());
  if (snapshot.status.snapshot) return snapshot;
  return fail(Exit::kFailed, "snapshot: it does not say when it was taken");
}

}  // namespace apiguard::report
