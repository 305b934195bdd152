// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/fields.hpp"

#include <utility>

#include "loader/policy/text.hpp"

namespace apiguard {

using Json = nlohmann::json;

void take_stamp(Fields& fields, const Json& json, std::optional<Stamp>& to) {
  if (!json.contains("clock")) return;
  const Json* clock = fields.take_object("clock");
  if (clock == nullptr) return;
  Stamp stamp;
  Fields parts(*clock);
  parts.take("wall", stamp.now.wall);
  parts.take("boot", stamp.now.boot);
  parts.take("boot_id", stamp.boot_id);
  if (clock->contains("before")) parts.take("before", stamp.before.emplace());
  if (!parts.refused().empty()) return fields.refuse("clock");
  to = std::move(stamp);
}

void take_time(Fields& fields, Timestamp& to) {
  std::string text;
  fields.take("time", text);
  if (const Result<Timestamp> time = parse_timestamp(text)) {
    to = *time;
  } else {
    fields.refuse("time");
  }
}

Json show_stamp(const Stamp& stamp) {
  Json json = {{"wall", nanoseconds_of(stamp.now.wall)},
               {"boot", nanoseconds_of(stamp.now.boot)},
               {"boot_id", stamp.boot_id}};
  if (stamp.before) json["before"] = nanoseconds_of(*stamp.before);
  return json;
}

}  // namespace apiguard
