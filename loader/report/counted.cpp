// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/counted.hpp"

#include "loader/base/fields.hpp"
#include "loader/report/json.hpp"

namespace apiguard::report {

std::string show_counted(const Counted& counted) {
  const Json json{
      {"generation", counted.generation},
      {"expiring", counted.expiring},
      {"next_end", counted.next_end ? Json(nanoseconds_of(*counted.next_end)) : Json(nullptr)},
      {"unused", value_or_null(counted.unused)},
      {"boot_id", counted.boot_id},
      {"boot", nanoseconds_of(counted.boot)},
      {"took", counted.took.count()}};
  return dump(json) + "\n";
}

Result<Counted> parse_counted(const std::string& text) {
  const auto json = parse_object(text);
  if (!json) return fail_in("counted", json.error());
  Counted counted;
  Fields fields(*json);
  fields.take("generation", counted.generation);
  fields.take("expiring", counted.expiring);
  fields.take_unless_null("next_end", counted.next_end);
  fields.take_unless_null("unused", counted.unused);
  fields.take("boot_id", counted.boot_id);
  fields.take("boot", counted.boot);
  fields.take("took", counted.took);
  if (auto right = fields.check(); !right) return fail_in("counted", right.error());
  return counted;
}

}  // namespace apiguard::report
