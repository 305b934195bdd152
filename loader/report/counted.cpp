// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "loader/report/counted.hpp"

#include <fmt/format.h>

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
  try {
    const Json json = Json::parse(text);
    Counted counted;
    json.at("generation").get_to(counted.generation);
    json.at("expiring").get_to(counted.expiring);
    const auto next_end = optional_of<std::int64_t>(json.at("next_end"));
    if (next_end) counted.next_end = timestamp_of(*next_end);
    counted.unused = optional_of<std::size_t>(json.at("unused"));
    json.at("boot_id").get_to(counted.boot_id);
    counted.boot = boot_time_of(json.at("boot").get<std::uint64_t>());
    counted.took = std::chrono::nanoseconds(json.at("took").get<std::int64_t>());
    return counted;
  } catch (const Json::exception& error) {
    return fail(Exit::kFailed, fmt::format("counted: {}", error.what()));
  }
}

}  // namespace apiguard::report
