// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/host/stamp_fields.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "loader/policy/text.hpp"

namespace apiguard {

using Json = nlohmann::json;

void take_stamp(Fields& fields, std::optional<Stamp>& to) {
  if (!fields.has("clock")) return;
  fields.take_object("clock", [&](Fields& parts) {
    Stamp stamp;
    parts.take("wall", stamp.now.wall);
    parts.take("boot", stamp.now.boot);
    parts.take("boot_id", stamp.boot_id);
    parts.take_if_there("before", stamp.before);
    to = std::move(stamp);
  });
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
